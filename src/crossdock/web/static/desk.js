// What the desk does beyond HTML: pictures out of their tables, `/` for the search, and a word when the desk no longer answers.
"use strict";

(() => {
  const charts = new Map(); // by the id of their place: { chart, drawn }
  const dark = matchMedia("(prefers-color-scheme: dark)");

  // --- pictures

  function read(table) {
    const heads = [...table.tHead.rows[0].cells];
    return {
      series: heads.slice(1).map((cell) => cell.textContent.trim()),
      rows: [...table.tBodies[0].rows].map((row) => ({
        label: row.cells[0].textContent.trim(),
        tick: row.dataset.tick,
        at: Number(row.dataset.at),
        values: [...row.cells].slice(1).map((cell) => ("value" in cell.dataset ? Number(cell.dataset.value) : null)),
      })),
    };
  }

  function option(place, told) {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const across = place.dataset.kind === "bars";
    const steps = place.dataset.kind === "steps";
    const text = { color: colour("--dim"), fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 12 };
    const names = {
      type: "category",
      data: told.rows.map((row) => row.tick),
      inverse: across,
      axisTick: { show: false },
      axisLine: { lineStyle: { color: colour("--rule") } },
      axisLabel: { ...text, interval: across ? 0 : "auto", hideOverlap: true },
    };
    // What happened does not happen once an hour: its places follow the clock, and a number stands until the next one.
    const times = {
      type: "time",
      axisTick: { show: false },
      axisLine: { lineStyle: { color: colour("--rule") } },
      splitLine: { show: false },
      axisLabel: { ...text, hideOverlap: true },
    };
    const numbers = {
      type: "value",
      minInterval: 1,
      splitNumber: 4,
      splitLine: { lineStyle: { color: colour("--rule") } },
      axisLabel: text,
    };
    return {
      animation: false,
      useUTC: true,
      aria: { enabled: true, label: { description: place.dataset.summary + "." } },
      color: [colour("--fbm"), colour("--fba"), colour("--other")],
      textStyle: text,
      grid: { left: 2, right: 8, top: 34, bottom: 2, containLabel: true },
      legend: { top: 0, left: 0, itemWidth: 10, itemHeight: 10, itemGap: 16, icon: "roundRect", textStyle: { ...text, color: colour("--ink") } },
      tooltip: {
        trigger: "axis",
        renderMode: "richText", // drawn, not HTML: the page allows no inline style
        axisPointer: { type: steps ? "line" : "shadow", shadowStyle: { color: colour("--edge"), opacity: 0.12 }, lineStyle: { color: colour("--edge") } },
        backgroundColor: colour("--card"),
        borderColor: colour("--rule"),
        textStyle: { ...text, color: colour("--ink") },
        confine: true,
        formatter: (points) => [told.rows[points[0].dataIndex].label, ...points.map((point) => `${point.seriesName}  ${steps ? (point.value[1] ?? "not known") : point.value}`)].join("\n"),
      },
      xAxis: steps ? times : across ? numbers : names,
      yAxis: across ? names : numbers,
      series: told.series.map((name, n) => steps ? line(told, name, n) : ({
        name,
        type: "bar",
        stack: "all",
        barMaxWidth: across ? 22 : 26,
        barCategoryGap: across ? "40%" : "22%",
        itemStyle: { borderColor: colour("--card"), borderWidth: 1 },
        data: told.rows.map((row) => row.values[n]),
      })),
    };
  }

  function line(told, name, n) {
    return {
      name,
      type: "line",
      step: "end",
      symbol: "circle",
      symbolSize: 5,
      lineStyle: { width: 2, type: n ? "dashed" : "solid" },
      data: told.rows.map((row) => [row.at, row.values[n]]),
    };
  }

  function draw(place) {
    const table = document.getElementById(place.dataset.from);
    const told = read(table);
    const drawn = JSON.stringify([told, dark.matches]);
    let held = charts.get(place.id);
    if (held && held.place !== place) {
      held.chart.dispose();
      held = undefined;
    }
    if (held && held.drawn === drawn) return;
    if (!held) {
      held = { chart: echarts.init(place, null, { renderer: "svg" }), place };
      charts.set(place.id, held);
      new ResizeObserver(() => held.chart.resize()).observe(place);
    }
    held.drawn = drawn;
    held.chart.setOption(option(place, told), true);
    place.setAttribute("role", "img");
  }

  function drawAll() {
    if (typeof echarts !== "undefined") document.querySelectorAll(".chart").forEach(draw);
  }

  // --- the search

  function onKey(event) {
    const typing = event.target.closest("input, select, textarea, [contenteditable]");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const search = document.getElementById("q");
    search.focus();
    search.select();
  }

  // --- live pages

  function onRequest(event) {
    // A page nobody looks at asks nothing; a text somebody marks is not taken from under their hand.
    const polls = event.target.matches("[hx-trigger^=every]");
    if (polls && (document.hidden || String(getSelection()))) event.preventDefault();
  }

  function answers(yes) {
    document.getElementById("offline").hidden = yes;
  }

  document.addEventListener("keydown", onKey);
  document.addEventListener("htmx:config:request", onRequest);
  document.addEventListener("htmx:after:swap", () => {
    answers(true);
    drawAll();
  });
  document.addEventListener("htmx:error", () => answers(false));
  document.addEventListener("htmx:response:error", () => answers(false));
  dark.addEventListener("change", drawAll);
  drawAll();
})();
