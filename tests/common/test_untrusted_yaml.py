"""YAML that somebody else wrote: what is valid is read as always, and what would take all memory is refused."""

import pytest
import yaml

from conftest import ROOT
from octet.common.untrusted_yaml import load_yaml

LAUGHS = "a0: &a0 [ha, ha]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
MERGES = "a0: &a0 {k: ha}\n" + "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 24))
CHAIN = "a0: &a0 [ha]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 60))


def test_honest_yaml_is_read_as_always() -> None:
    for file in ("params.yaml", "dvc.yaml"):
        content = (ROOT / file).read_bytes()
        assert load_yaml(content) == yaml.safe_load(content)
    assert load_yaml(b"") is None
    assert load_yaml(b"names: {0: a, 1: 'b'}\nnc: 2\nshare: 1e400") == {
        "names": {0: "a", 1: "b"},
        "nc": 2,
        "share": "1e400",
    }


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (LAUGHS, "more than 1,048,576 characters long"),
        (MERGES, "more than 1,048,576 characters long"),
        (CHAIN, "nested more than 50 levels deep"),
        ("&a [*a]", "nested more than 50 levels deep"),
        ("[" * 100_000, "nested more than 50 levels deep"),
        ("names: " + "x" * (1 << 20), "expected at most 1,048,576"),
        ("nc: " + "5" * 5_000, "a number of 5,000 digits"),
        ("nc: 1" + ":59" * 100_000, "a number of 300,001 digits"),
        ("nc: *" + "x" * 10_000, "[...]"),
        ("names:\n  0: cat\n  1: dog\n  1: bird", "the key '1' stands twice"),
        ("train: a\nnames: [cat]\ntrain: b", "the key 'train' stands twice"),
        ("[", "while parsing a flow node"),
        ("a\x00", "special characters are not allowed"),
        ("!!bool maybe", "maybe"),
        ('!!int ""', "string index out of range"),
        ("!!timestamp x", "NoneType"),
        ("2020-99-99", "month must be in 1..12"),
        ("!!python/object/apply:os.system ['true']", "could not determine a constructor"),
    ],
    ids=lambda text: text[:20],
)
def test_what_would_take_all_memory_or_is_broken(content: str, told: str) -> None:
    with pytest.raises(yaml.YAMLError) as raised:
        load_yaml(content.encode())
    assert told in str(raised.value)
    assert len(str(raised.value)) <= 300
