"use strict";
// Filters of the claims.
(() => {
  const verdict = document.getElementById("filter-verdict");
  const paper = document.getElementById("filter-paper");
  const claims = [...document.querySelectorAll("#claims > tbody")];
  const shown = document.getElementById("shown");
  const has = (list, wanted) => !wanted || list.split(" ").includes(wanted);
  const filter = () => {
    let number = 0;
    for (const claim of claims) {
      const fits = has(claim.dataset.verdict, verdict.value) && has(claim.dataset.papers, paper.value);
      claim.hidden = !fits;
      number += fits;
    }
    shown.textContent = `${number} of ${claims.length} claims`;
  };
  verdict.addEventListener("change", filter);
  paper.addEventListener("change", filter);
  filter(); // a browser may keep what was chosen when a page is loaded again
})();

// What is folded is part of the print.
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});

// Plots: plotly.js is in the page, compressed.
(async () => {
  const unpack = async (text) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  };
  try {
    const script = document.createElement("script");
    script.textContent = await unpack(document.getElementById("plotly").textContent);
    document.head.append(script);
    for (const place of document.querySelectorAll(".plot")) {
      const { data, layout } = JSON.parse(place.nextElementSibling.textContent);
      await Plotly.newPlot(place, data, layout, { responsive: true, displayModeBar: false });
    }
    document.body.dataset.plots = "drawn";
  } catch (error) {
    document.getElementById("no-plots").hidden = false;
    document.body.dataset.plots = "failed";
    console.error(error);
  }
})();
