-- What passed between two participants is counted beside what each of them sent and got; sums over all are kept.
CREATE TABLE throughput_before AS SELECT * FROM throughput;

DROP TABLE throughput;

CREATE TABLE throughput (
    span INTEGER NOT NULL CHECK (span IN (60, 3600, 86400)),
    side TEXT NOT NULL CHECK (side IN ('sender', 'recipient', 'pair', 'every sender', 'every recipient')),
    at INTEGER NOT NULL,
    channel TEXT NOT NULL,
    party TEXT NOT NULL,
    outcome TEXT NOT NULL,
    count INTEGER NOT NULL,
    timed INTEGER NOT NULL,
    sum_us INTEGER NOT NULL,
    least_us INTEGER NOT NULL,
    most_us INTEGER NOT NULL,
    late_0 INTEGER NOT NULL,
    late_1 INTEGER NOT NULL,
    late_2 INTEGER NOT NULL,
    late_3 INTEGER NOT NULL,
    late_4 INTEGER NOT NULL,
    late_5 INTEGER NOT NULL,
    late_6 INTEGER NOT NULL,
    late_7 INTEGER NOT NULL,
    late_8 INTEGER NOT NULL,
    late_9 INTEGER NOT NULL,
    late_10 INTEGER NOT NULL,
    late_11 INTEGER NOT NULL,
    late_12 INTEGER NOT NULL,
    late_13 INTEGER NOT NULL,
    late_14 INTEGER NOT NULL,
    late_15 INTEGER NOT NULL,
    late_16 INTEGER NOT NULL,
    late_17 INTEGER NOT NULL,
    late_18 INTEGER NOT NULL,
    late_19 INTEGER NOT NULL,
    PRIMARY KEY (span, side, at, channel, party, outcome)
) STRICT, WITHOUT ROWID;

INSERT INTO throughput (span, side, at, channel, party, outcome, count, timed, sum_us, least_us, most_us,
    late_0, late_1, late_2, late_3, late_4, late_5, late_6, late_7, late_8, late_9,
    late_10, late_11, late_12, late_13, late_14, late_15, late_16, late_17, late_18, late_19)
SELECT span, side, at, channel, party, outcome, count, timed, sum_us, least_us, most_us,
    late_0, late_1, late_2, late_3, late_4, late_5, late_6, late_7, late_8, late_9,
    late_10, late_11, late_12, late_13, late_14, late_15, late_16, late_17, late_18, late_19
FROM throughput_before;

INSERT INTO throughput (span, side, at, channel, party, outcome, count, timed, sum_us, least_us, most_us,
    late_0, late_1, late_2, late_3, late_4, late_5, late_6, late_7, late_8, late_9,
    late_10, late_11, late_12, late_13, late_14, late_15, late_16, late_17, late_18, late_19)
SELECT span, 'every ' || side, at, channel, '', outcome, sum(count), sum(timed), sum(sum_us), min(least_us), max(most_us),
    sum(late_0), sum(late_1), sum(late_2), sum(late_3), sum(late_4),
    sum(late_5), sum(late_6), sum(late_7), sum(late_8), sum(late_9),
    sum(late_10), sum(late_11), sum(late_12), sum(late_13), sum(late_14),
    sum(late_15), sum(late_16), sum(late_17), sum(late_18), sum(late_19)
FROM throughput_before GROUP BY span, side, at, channel, outcome;

DROP TABLE throughput_before;
