#include "reports/report_style.h"

namespace longtake::reports {

std::string_view report_style() {
  return R"css(
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #1c2430; --quiet: #5b6675; --line: #dde2e9; --code: #f0f2f5;
  --right: 26 115 185; --wrong: 214 84 28;
  --c0: #1a73b9; --c1: #d6541c; --c2: #1f8a5b; --c3: #8447c4; --c4: #a07400; --c5: #c2336e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161c; --card: #1b2129; --ink: #e6eaf0; --quiet: #9aa6b5; --line: #313a46; --code: #242c36;
    --right: 60 140 215; --wrong: 226 106 52;
    --c0: #64b1f2; --c1: #ff9663; --c2: #5ccb98; --c3: #c39af5; --c4: #e3bb4b; --c5: #f585b1;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif; }
main, header, footer { max-width: 1080px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 36px; }
footer { padding-bottom: 40px; color: var(--quiet); font-size: 14px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -0.015em; overflow-wrap: anywhere; }
h2 { font-size: 19px; line-height: 1.3; margin: 0 0 14px; letter-spacing: -0.005em; }
h3 { font-size: 16px; margin: 20px 0 8px; }
p { margin: 0 0 10px; }
a { color: var(--c0); }
.kind { color: var(--quiet); margin: 0 0 14px; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 20px 22px;
  margin: 18px 0; }
code, pre { font: 13.5px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
pre { background: var(--code); border-radius: 8px; padding: 12px 14px; margin: 0; overflow-x: auto; }
pre.command { white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid var(--line); }
pre.command::before { content: "$ "; color: var(--quiet); }
summary { cursor: pointer; color: var(--quiet); font-size: 14px; padding: 4px 0; }
:focus-visible { outline: 2px solid var(--c0); outline-offset: 2px; border-radius: 4px; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.highlights { display: grid; grid-template-columns: repeat(auto-fit, minmax(170px, 1fr)); gap: 14px; margin: 18px 0 0;
  padding: 0; list-style: none; }
.highlights li { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 14px 18px; }
.highlights strong { display: block; font-size: 27px; line-height: 1.25; font-weight: 650; letter-spacing: -0.02em;
  overflow-wrap: anywhere; }
.highlights span { color: var(--quiet); font-size: 14px; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 26px 30px; }
.charts > figure:only-child { max-width: 520px; }
figure { margin: 0; min-width: 0; }
figcaption { font-weight: 600; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 18px; list-style: none; margin: 2px 0 6px; padding: 0;
  font-size: 14px; color: var(--quiet); }
.legend svg { vertical-align: middle; margin-right: 4px; }
.legend .value { color: var(--ink); font-variant-numeric: tabular-nums; }
.chart { display: block; width: 100%; height: auto; }
.chart path, .legend path { fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round;
  stroke-linecap: round; }
.chart circle { fill: currentColor; stroke: var(--card); stroke-width: 1.5; }
.axes line { stroke: var(--line); }
.axes text { fill: var(--quiet); font-size: 12.5px; font-variant-numeric: tabular-nums; }
.s0 { color: var(--c0); } .s1 { color: var(--c1); } .s2 { color: var(--c2); }
.s3 { color: var(--c3); } .s4 { color: var(--c4); } .s5 { color: var(--c5); }
.s1 path { stroke-dasharray: 7 4; } .s2 path { stroke-dasharray: 2 4; }
.s3 path { stroke-dasharray: 10 3 2 3; } .s4 path { stroke-dasharray: 4 3; }
.lanes { margin: 4px 0 18px; }
.legend .lanes { margin: 0 4px 0 0; }
.lanes .name { fill: var(--ink); font-size: 13.5px; }
.lanes .base { stroke: var(--line); }
.lanes .truth { fill: var(--ink); }
.lanes .score { fill: var(--c0); stroke: none; }
.scroll { overflow-x: auto; }
figure .scroll { max-height: 300px; overflow-y: auto; }
table { border-collapse: collapse; font-size: 14.5px; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--quiet); padding: 0 0 8px; font-size: 14px; }
caption span { display: inline-block; position: sticky; left: 0; max-width: calc(100vw - 56px); }
th, td { padding: 6px 12px; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { font-weight: 500; color: var(--quiet); }
th[scope="row"], td.text { text-align: left; color: var(--ink); }
td.text, td.path { overflow-wrap: anywhere; text-align: left; white-space: normal; min-width: 12em; }
tr:last-child > * { border-bottom: 0; }
table.wide { width: 100%; }
table.heat { border-collapse: separate; border-spacing: 2px; }
table.heat th, table.heat td { border: 0; }
table.heat td.cell { min-width: 42px; height: 34px; padding: 2px 6px; text-align: center; border-radius: 5px;
  background: rgb(var(--wrong) / var(--share)); }
table.heat td.diagonal { background: rgb(var(--right) / var(--share)); }
table.heat td.strong { color: #fff; font-weight: 600; }
table.heat td.none { color: var(--quiet); background: var(--code); }
table.heat thead th.turn { writing-mode: vertical-rl; transform: rotate(180deg); text-align: left; padding: 6px 2px;
  max-height: 11em; overflow: hidden; text-overflow: ellipsis; }
.clips { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 310px), 1fr)); gap: 16px;
  list-style: none; margin: 0; padding: 0; }
.clips li { border: 1px solid var(--line); border-radius: 10px; overflow: hidden; min-width: 0; }
.clips .film { display: flex; gap: 2px; background: #000; }
.clips .film img { display: block; flex: 1 1 0; min-width: 0; width: 100%; object-fit: cover; }
.clips .words { padding: 10px 14px 12px; }
.clips p { margin: 0; }
.clips .path { color: var(--quiet); font-size: 13px; overflow-wrap: anywhere; }
.clips b { font-weight: 600; overflow-wrap: anywhere; }
.bar { height: 6px; border-radius: 3px; background: var(--code); margin: 7px 0 5px; overflow: hidden; }
.bar i { display: block; height: 100%; background: var(--c0); }
dl { display: grid; grid-template-columns: minmax(120px, max-content) 1fr; gap: 5px 22px; margin: 0; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 560px) {
  main, header, footer { padding-left: 12px; padding-right: 12px; }
  header { padding-top: 22px; }
  h1 { font-size: 25px; }
  section { padding: 16px 14px; margin: 12px 0; }
  .highlights { grid-template-columns: 1fr 1fr; gap: 10px; }
  .highlights li { padding: 10px 13px; }
  .highlights strong { font-size: 22px; }
  .axes text { font-size: 18px; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: 8px; }
  th, td { padding: 5px 8px; }
  th[scope="row"] { white-space: normal; overflow-wrap: anywhere; min-width: 8em; }
  thead th { white-space: normal; }
}
@media print {
  body { background: #fff; }
  section, .highlights li { break-inside: avoid; border-color: #bbb; }
  details:not([open]) { display: none; }
}
)css";
}

}  // namespace longtake::reports
