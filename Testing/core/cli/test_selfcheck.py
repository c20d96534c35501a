import json

from temporal_interp.workflows.selfcheck import EngineCheck


def check(difference):
    return EngineCheck("student", difference, 0.1, 0.2, 0.3, 0.4, 500.0)


def test_shows_times(command):
    done = command("selfcheck", "--device", "cpu", "--small", "--engine", "linear_blend")
    assert done.exit_code == 0
    assert "linear_blend" in done.stdout
    assert "8 x 64 x 64" in done.stdout


def test_a_device_that_disagrees_is_an_error(command, monkeypatch):
    monkeypatch.setattr("temporal_interp.workflows.selfcheck.selfcheck", lambda *args, **options: [check(0.3)])
    monkeypatch.setattr("temporal_interp.cli.selfcheck.choose_device", lambda name: "mps")
    done = command("selfcheck", "--device", "mps", "--json")
    result, error = (json.loads(line) for line in done.stdout.splitlines()[-2:])
    assert result["engines"][0]["difference"] == 0.3
    assert error["message"].startswith("On mps, student gives other frames")
    assert done.exit_code != 0


def test_an_unknown_engine_is_refused(command):
    done = command("selfcheck", "--device", "cpu", "--small", "--engine", "nonsense")
    assert done.exit_code != 0
    assert "nonsense" in done.stderr + done.stdout
