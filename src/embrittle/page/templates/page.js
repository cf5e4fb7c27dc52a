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

// A link to something that is folded unfolds it.
(() => {
  const unfold = () => {
    const target = document.getElementById(location.hash.slice(1));
    for (let one = target; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
    if (target) target.scrollIntoView();
  };
  addEventListener("hashchange", unfold);
  unfold();
})();

// What is folded is part of the print.
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});
