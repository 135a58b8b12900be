import pytest

from dip.participants.webhooks import WebhookRefused, check_address, check_webhook_url, networks

PRIVATE_HOSTS = [
    "10.0.0.1",
    "10.1",
    "0xa.1",
    "012.0.0.1",
    "167772161",
    "0x0a000001",
    "172.16.5.4",
    "192.168.1.1",
    "192.168.257",
    "0300.0250.1.1",
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 - an address to refuse
    "0",
    "0.1.2.3",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "10.0.0.1.",
    "%31%30.0.0.1",
    "１０.0.0.1",
    "10。0。0。1",
    "[::]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[fc00::1]",
    "[fd12:3456::1]",
    "[ff02::1]",
    "[::ffff:10.0.0.1]",
    "[::ffff:a00:1]",
    "[::ffff:169.254.169.254]",
    "[::10.0.0.1]",
    "[64:ff9b::10.0.0.1]",
    "[2002:a00:1::]",
    "[2001:db8::1]",
    "[::fff:169.254.169.254]",
    "[100::1]",
]
LOOPBACK_HOSTS = [
    "127.0.0.1",
    "127.1",
    "127.255.255.254",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "017700000001",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:0:0:1]",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "a.localhost",
]
PUBLIC_HOSTS = [
    "participant.example",
    "PARTICIPANT.EXAMPLE",
    "xn--strm-5qa.example",
    "8.8.8.8",
    "134744072",
    "[2001:4860:4860::8888]",
    "[::ffff:8.8.8.8]",
    "10.example",
]


@pytest.mark.requirement("FS-66")
@pytest.mark.parametrize("host", PRIVATE_HOSTS)
@pytest.mark.parametrize("environment", ["DEV", "PRD"])
def test_private_addresses_are_refused_in_every_notation(host: str, environment: str) -> None:
    with pytest.raises(WebhookRefused):
        check_webhook_url(f"https://{host}:8443/hook", environment)


@pytest.mark.parametrize("host", LOOPBACK_HOSTS)
def test_loopback_is_taken_outside_production_alone(host: str) -> None:
    for environment in ("DEV", "SIT", "SITB", "UIT"):
        check_webhook_url(f"https://{host}:8443/hook", environment)
    with pytest.raises(WebhookRefused, match="this machine itself"):
        check_webhook_url(f"https://{host}:8443/hook", "PRD")


@pytest.mark.parametrize("host", LOOPBACK_HOSTS)
def test_http_is_taken_for_loopback_in_development_alone(host: str) -> None:
    check_webhook_url(f"http://{host}:8443/hook", "DEV")
    with pytest.raises(WebhookRefused, match="https"):
        check_webhook_url(f"http://{host}:8443/hook", "SIT")


@pytest.mark.parametrize("host", PUBLIC_HOSTS)
@pytest.mark.parametrize("environment", ["DEV", "PRD"])
def test_public_addresses_are_taken_with_https(host: str, environment: str) -> None:
    check_webhook_url(f"https://{host}/hook?channel=IF-031", environment)
    with pytest.raises(WebhookRefused, match="https"):
        check_webhook_url(f"http://{host}/hook", environment)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "participant.example",
        "//participant.example",
        "ftp://participant.example",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://",
        "https:///hook",
        "https://user@participant.example",
        "https://user:word@participant.example",
        "https://@participant.example",
        "https://participant.example:0/",
        "https://participant.example:70000/",
        "https://participant.example:x/",
        "https://participant.example\\@10.0.0.1/",
        "https://participant.example/ x",
        "https://participant.example/\r\nX: y",
        "https://part\u200bicipant.example/",
        "https://strøm.example/",
        "https://1.2.3.4.5/",
        "https://999.1.1.1/",
        "https://0x/",
        "https://127.0.0.1%20x/",
        "https://127.0.0.1%00/",
        "https://10.0.0.1%3A80/",
        "https://participant_example%2F/",
        "https://-participant.example/",
        "https://participant.example/\udcff",
        "https://[::1/",
        "https://[hello]/",
        "https://[2001:4860:4860::8888]tps://[::1]/",
        "https://[2001:4860:4860::8888]x:8443/",
        "https://a[2001:4860:4860::8888]/",
        "https://participant.example/" + "x" * 2048,
    ],
)
def test_what_is_no_plain_url_of_a_host_is_refused(url: str) -> None:
    with pytest.raises(WebhookRefused):
        check_webhook_url(url, "DEV")


def test_a_setting_may_list_a_network() -> None:
    allowed = networks("10.1.0.0/16, fd00::/8, 127.0.0.0/8")
    for host in ("10.1.2.3", "[::ffff:10.1.2.3]", "[fd00::5]"):
        check_webhook_url(f"https://{host}/", "PRD", allowed)
    check_webhook_url("https://127.0.0.1/", "PRD", allowed)
    with pytest.raises(WebhookRefused):
        check_webhook_url("https://10.2.0.1/", "PRD", allowed)
    with pytest.raises(WebhookRefused, match=r"10\.0\.0\.0/33 is not a network"):
        networks("10.0.0.0/33")


@pytest.mark.parametrize(
    ("ip", "environment", "taken"),
    [
        ("8.8.8.8", "PRD", True),
        ("127.0.0.1", "DEV", True),
        ("127.0.0.1", "PRD", False),
        ("::1", "PRD", False),
        ("10.0.0.1", "DEV", False),
        ("fe80::1%eth0", "DEV", False),
        ("::ffff:192.168.0.1", "DEV", False),
        ("participant.example", "DEV", False),
    ],
)
def test_what_a_name_resolved_to_is_checked_too(ip: str, environment: str, taken: bool) -> None:
    if taken:
        check_address(ip, environment)
        return
    with pytest.raises(WebhookRefused):
        check_address(ip, environment)
