"use strict";
(() => {
  const byId = (id) => document.getElementById(id);

  // tabs: without this script all sections are there, one below the other
  const tabs = [...document.querySelectorAll(".tabs a")];
  const panels = tabs.map((tab) => byId(tab.hash.slice(1)));
  const open = (chosen) => {
    tabs.forEach((tab, i) => {
      tab.setAttribute("aria-selected", String(i === chosen));
      tab.tabIndex = i === chosen ? 0 : -1;
      panels[i].hidden = i !== chosen;
    });
  };
  const openAddress = () => {
    const target = location.hash.length > 1 ? byId(decodeURIComponent(location.hash.slice(1))) : null;
    open(target ? Math.max(0, panels.findIndex((panel) => panel.contains(target))) : 0);
  };
  document.querySelector(".tabs").setAttribute("role", "tablist");
  tabs.forEach((tab, i) => {
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", panels[i].id);
    panels[i].setAttribute("role", "tabpanel");
    panels[i].setAttribute("aria-labelledby", tab.id);
    tab.addEventListener("click", (event) => {
      event.preventDefault();
      history.replaceState(null, "", tab.hash);
      open(i);
    });
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = (i + step + tabs.length) % tabs.length;
      tabs[next].click();
      tabs[next].focus();
    });
  });
  addEventListener("hashchange", openAddress);
  openAddress();

  // numbers at the chosen mass
  const data = JSON.parse(byId("at-each-mass").textContent);
  const slider = byId("mass");
  const sub = (text) => Object.assign(document.createElement("sub"), { textContent: text });
  const write = (node, text) =>
    node.replaceChildren(...text.split(/_([\wμ]+)/).map((word, i) => (i % 2 ? sub(word) : word)));
  const show = () => {
    const i = Number(slider.value);
    for (const [name, texts] of Object.entries(data.cells)) {
      const node = byId(`at-${name}`);
      if (name === "sentence") write(node, texts[i]);
      else if (node) node.textContent = texts[i];
    }
    for (const [name, widths] of Object.entries(data.bars)) byId(`bar-${name}`).setAttribute("width", widths[i]);
    for (const line of document.querySelectorAll(".marker")) {
      line.setAttribute("x1", data.markers[i]);
      line.setAttribute("x2", data.markers[i]);
    }
    for (const box of document.querySelectorAll(".window")) {
      box.setAttribute("x", data.windows[i][0]);
      box.setAttribute("width", data.windows[i][1]);
    }
    slider.setAttribute("aria-valuetext", data.cells.mass[i]);
  };
  const step = (by) => {
    slider.value = Number(slider.value) + by;
    show();
  };
  slider.addEventListener("input", show);
  byId("mass-down").addEventListener("click", () => step(-1));
  byId("mass-up").addEventListener("click", () => step(1));
  for (const plot of document.querySelectorAll("svg.plot")) {
    plot.addEventListener("click", (event) => {
      const x = new DOMPoint(event.clientX, event.clientY).matrixTransform(plot.getScreenCTM().inverse()).x;
      const gaps = data.markers.map((marker) => Math.abs(marker - x));
      slider.value = gaps.indexOf(Math.min(...gaps));
      show();
    });
  }
  document.querySelector(".choose").hidden = false;
  show();

  // figures, enlarged
  const large = byId("large");
  for (const link of document.querySelectorAll("a.enlarge")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const image = link.querySelector("img");
      const shown = large.querySelector("img");
      shown.src = image.src;
      shown.alt = image.alt;
      shown.style.setProperty("--aspect", image.naturalWidth / image.naturalHeight);
      byId("large-title").textContent = link.dataset.title;
      large.querySelector(".links").replaceChildren(
        ...[...link.closest("figure").querySelectorAll(".links > *")].map((node) => node.cloneNode(true)),
      );
      large.showModal();
    });
  }
})();
