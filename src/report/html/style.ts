/** How a page looks, by light, by night, on paper and on a telephone. */
import { darkRules } from '../chart/svg.ts';
import { dark, light, sansSerif, type Theme } from '../chart/theme.ts';

function variables({ series, ...colours }: Theme): string {
  return [
    ...Object.entries(colours).map(([name, value]) => `--${name}:${value}`),
    ...series.map((value, i) => `--c${i}:${value}`),
  ].join(';');
}

const swatches = light.series.map((_, i) => `.c${i}{background:var(--c${i})}`).join('');

export const style = `
:root{color-scheme:light dark;${variables(light)}}
@media screen and (prefers-color-scheme:dark){:root{${variables(dark)}}${darkRules('.still')}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-padding-top:3.2rem}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.55 ${sansSerif};font-feature-settings:"ss01","cv05"}
header,nav,main{max-width:70rem;margin:0 auto;padding:0 1.5rem}
header{padding-top:2.5rem}
.brand{margin:0;color:var(--muted);font-size:.75rem;font-weight:600;letter-spacing:.09em;text-transform:uppercase}
h1{margin:.15rem 0 0;font-size:2rem;font-weight:650;letter-spacing:-.022em;line-height:1.15;overflow-wrap:anywhere}
.id{margin:.25rem 0 0;color:var(--muted);font-size:.85rem;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
nav{position:sticky;top:0;z-index:5;display:flex;gap:1.5rem;max-width:none;margin-top:1rem;padding:0 max(1.5rem,calc((100% - 67rem)/2));background:var(--paper);border-bottom:1px solid var(--rule)}
nav ul{display:flex;flex:1;min-width:0;gap:1.4rem;margin:0;padding:.55rem 0;list-style:none;overflow-x:auto;scrollbar-width:none;white-space:nowrap;font-size:.85rem}
nav a{color:var(--muted);text-decoration:none}
nav a:hover{color:var(--ink);text-decoration:underline}
a{color:var(--c0)}
:focus-visible{outline:2px solid var(--c0);outline-offset:2px;border-radius:2px}
main:focus{outline:none}
.skip{position:absolute;left:-99rem}
.skip:focus{left:1rem;top:.5rem;z-index:9;padding:.4rem .8rem;background:var(--surface)}
section{margin:2.6rem 0 0}
section.lead{margin-top:1.5rem}
h2{margin:0 0 .9rem;font-size:1.3rem;font-weight:650;letter-spacing:-.012em}
h3{margin:1.9rem 0 .4rem;font-size:1rem;font-weight:620}
h4{margin:0 0 .1rem;font-size:.85rem;font-weight:600;overflow-wrap:anywhere}
p{margin:.5rem 0;max-width:46rem}
ul{margin:.5rem 0;padding-left:1.1rem}
li{margin:.15rem 0;overflow-wrap:anywhere}
.stamp{display:inline-block;margin:0;padding:.05rem .45rem;border:1px solid var(--doubt);border-radius:3px;color:var(--doubt);font-size:.7rem;font-weight:600;letter-spacing:.05em;text-transform:uppercase;vertical-align:.12em;white-space:nowrap}
nav .stamp{align-self:center}
.callout{margin:.8rem 0;padding:.7rem 1rem;background:var(--surface);border:1px solid var(--rule);border-left:4px solid var(--muted);border-radius:4px}
.callout p{margin:0;max-width:none}
.callout.bad{border-left-color:var(--bad)}
.callout.bad strong{color:var(--bad)}
.callout.doubt{border-left-color:var(--doubt)}
.callout.doubt strong{color:var(--doubt)}
.callout.good{border-left-color:var(--good)}
.callout ul{margin-bottom:0;font-size:.92rem}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:0;margin:1.4rem 0 0;background:var(--surface);border:1px solid var(--rule);border-radius:6px;overflow:hidden}
.figures>div{padding:.9rem 1rem 1rem;border-left:1px solid var(--rule);margin-left:-1px;border-top:1px solid var(--rule);margin-top:-1px}
.figures dt{color:var(--muted);font-size:.8rem}
.figures dd{margin:0}
.number{font-size:1.75rem;font-weight:620;letter-spacing:-.025em;line-height:1.25;font-variant-numeric:tabular-nums;white-space:nowrap}
.unit{color:var(--muted);font-size:.9rem}
.detail{display:block;color:var(--muted);font-size:.78rem;line-height:1.35;overflow-wrap:anywhere}
.figures .bad .number{color:var(--bad)}
.figures .good .number{color:var(--good)}
.figures .doubt .number{color:var(--doubt)}
.facts{margin:0;font-size:.88rem}
.facts>div{display:grid;grid-template-columns:11rem 1fr;gap:1rem;padding:.4rem 0;border-top:1px solid var(--rule)}
.facts dt{color:var(--muted)}
.facts dd{margin:0;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
.scroll{position:relative;overflow-x:auto;margin:.5rem 0 1rem;background:var(--surface);border:1px solid var(--rule);border-radius:6px}
table{width:100%;border-collapse:collapse;font-size:.84rem;line-height:1.4;font-variant-numeric:tabular-nums}
caption{padding:.6rem .75rem .2rem;text-align:left;font-weight:600}
th,td{padding:.36rem .6rem;text-align:left;vertical-align:top}
thead th{color:var(--muted);font-weight:500;font-size:.78rem;vertical-align:bottom;white-space:nowrap}
thead tr:last-child th,thead th[rowspan]{border-bottom:1px solid var(--rule)}
thead th.group{padding-bottom:0;text-align:right;color:var(--ink)}
tbody tr+tr>*{border-top:1px solid var(--faint)}
tbody th{position:sticky;left:0;background:var(--surface);font-weight:500}
thead th:first-child{position:sticky;left:0;background:var(--surface)}
th.right,td{text-align:right;white-space:nowrap}
td.left{text-align:left;white-space:normal;overflow-wrap:anywhere;min-width:8rem}
tbody th{white-space:nowrap}
td.bad,th.bad{color:var(--bad);font-weight:600}
td.good{color:var(--good)}
td.doubt{color:var(--doubt)}
td.hot{background:color-mix(in srgb,var(--c1) var(--heat),var(--surface))}
td.cool{background:color-mix(in srgb,var(--c0) var(--heat),var(--surface))}
td.hot,td.cool{color:var(--ink)}
td.bar{background:linear-gradient(var(--faint),var(--faint)) 0 50%/var(--bar) 70% no-repeat}
.better{margin-left:.2em;color:var(--muted);font-weight:400}
sup{line-height:0;font-size:.72em}
sup a{margin-left:.15em;text-decoration:none}
figure.chart{margin:1.6rem 0 0}
figcaption h3{margin:0}
figcaption p{margin:.15rem 0 .6rem;color:var(--muted);font-size:.85rem}
.panels{display:grid;gap:1rem}
.beside .panels{grid-template-columns:repeat(auto-fill,minmax(min(100%,19.5rem),1fr))}
.few .panels{grid-template-columns:repeat(auto-fill,minmax(min(100%,29rem),1fr))}
.panel{min-width:0;padding:.7rem .7rem .3rem;background:var(--surface);border:1px solid var(--rule);border-radius:6px}
.plot{position:relative;min-width:0}
.plot svg{display:block}
.still svg{width:100%;height:auto}
.live .still{display:none}
.drawn{outline-offset:4px}
.legend{display:flex;flex-wrap:wrap;gap:.3rem .5rem;margin:0 0 .6rem;padding:0;list-style:none}
.legend li{margin:0}
button{font:inherit;color:inherit;background:var(--surface);border:1px solid var(--rule);border-radius:99px;padding:.14rem .65rem;font-size:.8rem;cursor:pointer}
button:hover{border-color:var(--muted)}
button[aria-pressed=false]{color:var(--muted);text-decoration:line-through}
button[aria-pressed=false] .swatch{background:transparent;box-shadow:inset 0 0 0 1.5px var(--muted)}
.swatch{display:inline-block;width:.7rem;height:.7rem;margin-right:.4rem;border-radius:2px;vertical-align:-.04rem}
${swatches}
.zoom{display:flex;flex-wrap:wrap;gap:.35rem;align-items:center;margin:.3rem 0 .4rem;color:var(--muted);font-size:.8rem}
.zoom button{min-width:2rem;border-radius:4px}
.reading{border-collapse:collapse;width:auto;font-size:.8rem}
.reading th,.reading td{position:static;padding:.1rem .5rem .1rem 0;border:0!important;background:none;white-space:nowrap;vertical-align:middle}
.reading th{font-weight:400;color:var(--muted)}
.reading .swatch{width:.6rem;height:.6rem;margin-right:.3rem}
.reading caption{padding:0 0 .3rem}
details{margin:.5rem 0 0;font-size:.85rem}
summary{cursor:pointer;color:var(--muted);width:fit-content}
summary:hover{color:var(--ink)}
.notes ol{padding-left:1.4rem;color:var(--muted);font-size:.85rem}
.notes li:target,sup a:target{background:color-mix(in srgb,var(--doubt) 22%,transparent)}
main{padding-bottom:4rem}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media (max-width:640px){
header,main{padding-left:1rem;padding-right:1rem}
nav{padding:0 1rem}
h1{font-size:1.55rem}
.figures{grid-template-columns:1fr 1fr}
.number{font-size:1.4rem}
.facts>div{grid-template-columns:1fr;gap:0}
tbody th,thead th:first-child{min-width:8rem;max-width:10rem;white-space:normal;overflow-wrap:anywhere}
td.left{min-width:9rem}
}
@media print{
:root{${variables(light)}}
body{background:#fff;font-size:10pt}
nav,.skip,.zoom,summary,.back{display:none}
header,main{max-width:none;padding:0}
.live .still{display:block}
.drawn{display:none}
.beside .panels{grid-template-columns:1fr 1fr 1fr;gap:.5rem}
.few .panels{grid-template-columns:1fr 1fr;gap:.5rem}
.panel,.scroll,.figures,.callout{border-color:#bbb;break-inside:avoid}
.scroll{overflow:visible;break-inside:auto}
table,thead th{font-size:7.2pt}
th,td{padding:.15rem .25rem}
tr,h2,h3,figcaption{break-inside:avoid;break-after:auto}
h2,h3,h4,figcaption{break-after:avoid}
tbody th,thead th:first-child{position:static}
a{color:inherit;text-decoration:none}
}
`;
