"""Charts as SVG, made by the server: `lines.lines`, `bars.bars`, `sparkline.sparkline`; no script, no inline style."""
