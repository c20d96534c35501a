"""A report as one HTML file that needs nothing else: no network, no script, light or dark, narrow or wide."""

from __future__ import annotations

import base64

from jinja2 import Environment, StrictUndefined

from temporal_interp.evaluation.evaluate import Evaluation
from temporal_interp.evaluation.report import breakable
from temporal_interp.figures.canvas import SYNTHETIC
from temporal_interp.figures.report_content import ReportContent
from temporal_interp.figures.report_pictures import GROUNDS, as_png, as_svg, score_curves

# The policy lets a page load nothing and run nothing, should a name slip through the escaping.
TEMPLATE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>Check of {{ report.title }}</title>
<style>
:root { --ground: {{ light[0] }}; --ink: {{ light[1] }}; --soft: #5c6670; --line: #d5dae0; --panel: #f3f5f7; }
@media (prefers-color-scheme: dark) {
  :root { --ground: {{ dark[0] }}; --ink: {{ dark[1] }}; --soft: #a3adb8; --line: #3a424b; --panel: #20252b; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 62rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .5rem; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; padding-bottom: .25rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; }
p, li { max-width: 46rem; }
.verdict { font-size: 1.1rem; background: var(--panel); border-left: 4px solid {{ orange }}; padding: .8rem 1rem;
  margin: 1rem 0; max-width: none; }
.soft { color: var(--soft); font-size: .875rem; }
ul { padding-left: 1.2rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.25rem; margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .8rem; text-align: right; border-bottom: 1px solid var(--line); overflow-wrap: normal; }
thead th { vertical-align: bottom; }
th:first-child { text-align: left; padding-left: 0; font-weight: 600; white-space: nowrap; }
img { display: block; max-width: 100%; height: auto; }
.plot img { width: 100%; min-width: 34rem; max-width: 46rem; }
.frames { display: grid; grid-template-columns: repeat(auto-fit, minmax(6rem, 1fr)); gap: .5rem; }
figure { margin: 0; }
.frames img { width: 100%; background: #000; border-radius: 3px; }
figcaption { font-size: .875rem; margin-top: .25rem; }
.synthetic { font-weight: 700; }
.bar { height: .8rem; max-width: 20rem; border-radius: 2px;
  background: linear-gradient(to right, {{ report.scale.colours | join(", ") }}); }
.ends { display: flex; justify-content: space-between; max-width: 20rem; }
@media (max-width: 34rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; } }
@media print { body { max-width: none; padding: 0; } .frames, .plot, tr { break-inside: avoid; } }
</style>
</head>
<body>
<header>
<p class="soft">TemporalInterp: acquired frames were hidden, predicted, and compared</p>
<h1>Check of {{ report.title }}</h1>
<p class="verdict">{{ report.verdict }}</p>
</header>
<main>
{% macro facts(pairs) %}<dl>
{% for name, text in pairs %}<dt>{{ name }}</dt><dd>{{ text }}</dd>
{% endfor %}</dl>{% endmacro %}
<section><h2>Scores</h2>
{% for preset, table in report.tables.items() %}
{% if report.tables | length > 1 %}<h3>Scored as: {{ preset }}</h3>{% endif %}
<div class="wide"><table>
<thead><tr>{% for cell in table.head %}<th scope="col">{{ cell }}</th>{% endfor %}</tr></thead>
<tbody>{% for line in table.lines %}<tr>{% for cell in line %}{% if loop.first %}<th scope="row">{{ cell }}</th>
{% else %}<td>{{ cell }}</td>{% endif %}{% endfor %}</tr>
{% endfor %}</tbody></table></div>
{% endfor %}
<ul class="soft">{% for words in report.measures %}<li>{{ words }}</li>{% endfor %}</ul>
</section>
<section><h2>Scores over time</h2>
{% for plot in plots %}<h3>{{ plot.title }}</h3>
<div class="wide plot"><picture><source media="(prefers-color-scheme: dark)" srcset="{{ plot.dark }}">
<img src="{{ plot.light }}" alt="{{ plot.title }}: the score of every hidden frame, a colour for each engine"></picture>
</div>{% endfor %}
</section>
{% if worst %}<section><h2>Worst frames</h2>
<p>Of every engine the frames with the lowest scores, in slice {{ report.scale.slice_number }}, where most moves. All
other hidden frames are better.</p>
{% for one in worst %}<h3>{{ one.engine }}: {{ one.caption }}</h3>
<div class="frames">
<figure><img src="{{ one.acquired }}" alt="The acquired frame"><figcaption>acquired</figcaption></figure>
<figure><img src="{{ one.synthetic }}" alt="The synthetic frame"><figcaption><span class="synthetic">SYNTHETIC</span>,
by {{ one.engine }}</figcaption></figure>
<figure><img src="{{ one.error }}" alt="The error"><figcaption>error</figcaption></figure>
</div>{% endfor %}
<p class="soft">Error, share of the intensity range:</p>
<div class="bar"></div>
<div class="ends soft"><span>0</span><span>{{ "%.3g" | format(100 * report.scale.top) }} % and more</span></div>
</section>{% endif %}
{% if report.coverage %}<section><h2>Expected error</h2>
<ul>{% for words in report.coverage %}<li>{{ words }}</li>{% endfor %}</ul></section>{% endif %}
<section><h2>What this check does not say</h2>
<ul>{% for words in report.limits %}<li>{{ words }}</li>{% endfor %}</ul></section>
<section><h2>Data</h2>{{ facts(report.data) }}
{% if report.notes %}<h3>Notes of the reader</h3>
<ul class="soft">{% for note in report.notes %}<li>{{ note }}</li>{% endfor %}</ul>{% endif %}</section>
<section><h2>Engines</h2>{{ facts(report.engines) }}</section>
<section><h2>Software</h2>{{ facts(report.software) }}</section>
</main>
</body>
</html>
"""


def report_html(report: ReportContent, evaluation: Evaluation) -> str:
    """Return a report as HTML; every text is escaped, whatever names of files hold.

    Args:
        report: what it says.
        evaluation: the scores to plot.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    light, dark = (score_curves(evaluation, ground=ground) for ground in ("light", "dark"))
    plots = [
        {"title": title, "light": _svg(as_svg(figure)), "dark": _svg(as_svg(on_dark))}
        for (title, figure), (_, on_dark) in zip(light, dark, strict=True)
    ]
    worst = [
        {
            "engine": breakable(one.engine),
            "caption": one.caption,
            "acquired": _png(as_png(one.acquired)),
            "synthetic": _png(as_png(one.synthetic)),
            "error": _png(as_png(one.error)),
        }
        for one in report.worst
    ]
    return environment.from_string(TEMPLATE).render(
        report=report, plots=plots, worst=worst, light=GROUNDS["light"], dark=GROUNDS["dark"], orange=SYNTHETIC
    )


def _png(data: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


def _svg(data: bytes) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(data).decode()}"
