"""JSON and YAML that nobody vouches for."""

import pytest

from temporal_interp.errors import UnreadableFileError
from temporal_interp.io import plain_text
from temporal_interp.io.plain_text import MAX_DEPTH, load_json, load_yaml

LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)
)


def test_what_is_sound_is_loaded():
    assert load_json('{"a": [1, 2.5, null, "b"]}') == {"a": [1, 2.5, None, "b"]}
    assert load_yaml("a: [1, 2.5, null, b]\nc: &x {d: 1}\ne: *x") == {
        "a": [1, 2.5, None, "b"], "c": {"d": 1}, "e": {"d": 1},
    }  # fmt: skip


@pytest.mark.parametrize("load", [load_json, load_yaml])
def test_what_is_nested_as_deeply_as_allowed_is_loaded_and_no_deeper(load):
    assert load("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    for depth in (MAX_DEPTH + 2, 5000):
        with pytest.raises(UnreadableFileError, match="nested more than 50 levels deep"):
            load("[" * depth + "]" * depth)


@pytest.mark.parametrize("load", [load_json, load_yaml])
@pytest.mark.parametrize("text", ['{"a": ', "9" * 5000, '{"a": }}'], ids=["cut", "long number", "brace"])
def test_what_is_not_of_the_kind_is_refused(load, text):
    with pytest.raises(UnreadableFileError, match="it is not valid"):
        load(text)


def test_objects_are_never_made():
    with pytest.raises(UnreadableFileError, match="not valid YAML"):
        load_yaml("!!python/object/apply:os.getcwd []")


@pytest.mark.parametrize("text", [LAUGHS, "a: &a [*a]"], ids=["a billion laughs", "itself"])
def test_references_to_references_are_refused(text):
    with pytest.raises(UnreadableFileError, match=r"more than 2,000,000 values|levels deep"):
        load_yaml(text)


@pytest.mark.parametrize("load", [load_json, load_yaml])
def test_a_text_that_is_too_large_is_refused_before_it_is_looked_at(load, monkeypatch):
    monkeypatch.setattr(plain_text, "MAX_SIZE", 10)
    monkeypatch.setattr(plain_text, "MAX_YAML", 10)
    with pytest.raises(UnreadableFileError, match="MB of text"):
        load("[1, 2, 3, 4, 5")


@pytest.mark.parametrize(
    "text", ["[" + "[]," * 800_000 + "0]", ("[" + "[]," * 800_000 + "0]").encode()], ids=["str", "bytes"]
)
def test_too_many_values_are_refused_before_they_take_memory(text, monkeypatch):
    monkeypatch.setattr("json.loads", lambda text: pytest.fail("it was parsed"))
    with pytest.raises(UnreadableFileError, match="more than 2,000,000 values"):
        load_json(text * 2)


def test_settings_of_a_megabyte_are_refused():
    """YAML is read slowly: a file of some megabytes would take minutes."""
    with pytest.raises(UnreadableFileError, match=r"1\.0 MB of text; such files have less than 0\.5 MB"):
        load_yaml("# long\n" * 150_000)
