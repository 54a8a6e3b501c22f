"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const survey = data.survey;
  const byId = (id) => document.getElementById(id);
  const classes = new Map(data.classes.map((c) => [c.name, c]));
  const themes = data.themes;
  const states = new Map(data.states.map((s) => [s.value, s]));
  const surveys = new Map(data.surveys.map((s) => [s.survey_id, s]));
  const segments = new Map(data.segments.map((s) => [s.segment_id, s]));
  const GREY = "#8a8f98", SLATE = "#66789a", SEEN = "#4c78a8", UNSEEN = "#a04fc0";

  const TEXT = {
    nl: {
      notes: "Lees dit eerst", layers: "Kaartlagen", filter: "Schades filteren", minimum: "Minimale kans dat de schade er is:", colourBy: "Kleur naar", surveys: "Opnamen",
      worst: "Wat eerst", defects: "Schades", map: "Kaart van de wegvakken; verschuif met de pijltjestoetsen",
      driven: "gereden", covered: "weg gezien", count: "schades", model: "model", table: "scoretabel",
      estimate: "De ernst is met een camera geschat naar grootte: diepte en scheurwijdte zijn niet gemeten.",
      uncalibrated: "De camera is niet gekalibreerd: maten en plaatsen zijn grover dan de opgegeven marge.",
      unsurveyed: "Niet geschouwd is niet onbeschadigd: gestreepte grijze wegvakken zijn niet gezien.",
      source: "Scoretabel",
      embedded: (n, of, m) => `Getekend: ${n} van de ${of} wegvakken (alleen binnen ${m} m van de rit).`,
      unmatched: (n, of) => `${n} van de ${of} beelden liggen niet op het wegennet.`,
      unusable: (n, of) => `${n} van de ${of} beelden zijn onbruikbaar; die meters tellen niet als gezien.`,
      unlocated: (n) => `${n} schades liggen op geen enkel wegvak.`,
      layer_segments: "Wegvakken", layer_coverage: "Wat is gezien", layer_defects: "Schades", layer_track: "Gereden route",
      little: "te weinig gezien voor een oordeel", none: "niet geschouwd", rest: "gestreept: dit deel is niet gezien",
      seen: "gezien", unseen: "gereden, maar beeld onbruikbaar", track: "route van de auto",
      cracking: "Scheurvorming", potholes: "Gaten", ravelling: "Rafeling",
      shown: (n, of) => `${n} van ${of} getoond`, noWorse: "Geen wegvak met herstel, voor zover gezien.", noDefects: "Geen schades gevonden.",
      size: "Maat", place: "Plaats", seenShare: "gezien", margin: "marge", nameless: "naamloos", inPictures: "beelden",
      off: "niet op het wegennet", points: "punten", damages: "schades", picture: "uitsnede van de weg", estimated: "ernst geschat",
      severity: { L: "licht", M: "matig", E: "ernstig" }, extent: "omvang", driving: "rijrichting",
      zoomIn: "Inzoomen", zoomOut: "Uitzoomen", network: "Wegennet",
    },
    en: {
      notes: "Read this first", layers: "Map layers", filter: "Filter damage", minimum: "Least probability that it is there:", colourBy: "Colour by", surveys: "Surveys",
      worst: "What first", defects: "Damage", map: "Map of road segments; pan with the arrow keys",
      driven: "driven", covered: "road seen", count: "defects", model: "model", table: "score table",
      estimate: "Severity from a camera is an estimate by size: depth and crack width are not measured.",
      uncalibrated: "The camera is not calibrated: sizes and places are rougher than the margin given.",
      unsurveyed: "Not surveyed is not undamaged: dashed grey segments were not seen.",
      source: "Score table",
      embedded: (n, of, m) => `Drawn: ${n} of ${of} segments (only within ${m} m of the drive).`,
      unmatched: (n, of) => `${n} of ${of} frames are not on the network.`,
      unusable: (n, of) => `${n} of ${of} frames are not usable; those metres don't count as seen.`,
      unlocated: (n) => `${n} defects lie on no segment.`,
      layer_segments: "Segments", layer_coverage: "What was seen", layer_defects: "Damage", layer_track: "Route driven",
      little: "too little seen to judge", none: "not surveyed", rest: "dashed: this part was not seen",
      seen: "seen", unseen: "driven, but picture not usable", track: "the car's route",
      cracking: "Cracking", potholes: "Potholes", ravelling: "Ravelling",
      shown: (n, of) => `${n} of ${of} shown`, noWorse: "No segment needs repair, as far as was seen.", noDefects: "No damage found.",
      size: "Size", place: "Place", seenShare: "seen", margin: "interval", nameless: "no name", inPictures: "pictures",
      off: "not on the network", points: "points", damages: "defects", picture: "crop of the road", estimated: "severity estimated",
      severity: { L: "light", M: "moderate", E: "severe" }, extent: "extent", driving: "driving",
      zoomIn: "Zoom in", zoomOut: "Zoom out", network: "Road network",
    },
  };
  const LOCALE = { nl: "nl-NL", en: "en-GB" };
  let language = (navigator.language || "nl").toLowerCase().startsWith("nl") ? "nl" : "en";
  const t = (key) => TEXT[language][key];
  const number = (value, digits = 0) =>
    new Intl.NumberFormat(LOCALE[language], { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
  const heading = (layer, column) => data.headings[layer][column][language];
  const word = (column, value) => (language === "nl" && data.words[column][value]) || value;
  const day = (iso) => (iso ? new Date(iso).toLocaleDateString(LOCALE[language], { dateStyle: "long", timeZone: "UTC" }) : "–");
  const percent = (value) => `${number(100 * value)} %`;

  // All text goes in as text: a street may be called anything.
  function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes)) {
      if (key === "colour") made.style.background = value;
      else made.setAttribute(key, value);
    }
    made.append(...children.filter((child) => child !== null));
    return made;
  }
  function definitions(pairs) {
    const list = element("dl");
    for (const [term, value] of pairs) {
      if (value !== null) list.append(element("dt", {}, term), element("dd", {}, value));
    }
    return list;
  }

  const map = L.map("map", { preferCanvas: true, zoomSnap: 0.5, maxZoom: 22, attributionControl: false, zoomControl: false });
  const renderer = L.canvas({ padding: 0.3, tolerance: 6 });
  const groups = {
    coverage: L.layerGroup(), network: L.layerGroup().addTo(map), segments: L.layerGroup().addTo(map),
    track: L.layerGroup(), defects: L.layerGroup().addTo(map),
  };
  let zoom = null, scale = null;

  const label = (s) => s.name || t("nameless");
  const title = (s) => `${label(s)} (${s.segment_id})`;
  let theme = 0;
  const entryOf = (s, number = theme) => themes[number].entries[s.entries[number]];
  const isRest = (s) => s.entries[theme] === themes[theme].entries.length - 1;
  // What was seen too little to judge is told apart from what was never seen.
  const colourOf = (s) => (!isRest(s) ? entryOf(s).colour : s.covered_m > 0 ? SLATE : GREY);
  // Worse is also wider, for those who can't tell the colours apart.
  const weightOf = (s) => (isRest(s) ? 4 : 4 * entryOf(s).width);

  const withMargin = (s, name) => (s[name] === null ? null
    : `${number(s[name])} (${t("margin")} ${number(s[`${name}_low`])} – ${number(s[`${name}_high`])})`);
  function segmentPopup(s) {
    const [grade, plan] = [entryOf(s, 0), entryOf(s, 1)];
    const state = s.covered_m > 0 ? t("little") : t("none");
    const term = (name) => heading("segments", name);
    const damage = Object.entries(s.damage).map(([name, d]) =>
      [classes.get(name)[language], `${d.n} × · ${number(d.amount, 1)} ${d.unit}`]);
    const kinds = [...new Set(data.classes.map((c) => c.kind))].filter((kind) => s[`${kind}_severity`]).map((kind) =>
      [t(kind), `${t("severity")[s[`${kind}_severity`]]}, ${t("extent")} ${s[`${kind}_extent`]} (${number(s[`${kind}_percent`], 1)} %)`]);
    const body = element("div", { class: "popup" },
      element("h3", {}, element("span", { class: "chip square", colour: colourOf(s) }), label(s)),
      definitions([
        [term("segment_id"), s.segment_id],
        [heading("segments", language === "nl" ? "grade_nl" : "grade"), s.grade ? grade[language] : state],
        [term("score"), withMargin(s, "score")],
        ...kinds,
        [term("pci"), withMargin(s, "pci")],
        [heading("segments", language === "nl" ? "plan_nl" : "plan"), s.plan ? plan[language] : null],
        [term("priority"), s.priority === null ? null : number(s.priority)],
        [term("confidence"), s.covered_m > 0 ? percent(s.confidence) : null],
        [term("coverage"), `${percent(s.coverage)} (${number(s.covered_m)} / ${number(s.length_m)} m)`],
        [term("last_surveyed"), s.last_surveyed ? `${day(s.last_surveyed)} (${s.visits} ×)` : t("none")],
        ...damage,
      ]));
    const why = language === "nl" ? s.why_nl : s.why;
    if (why) body.append(element("p", {}, why));
    for (const reason of s.reasons ? s.reasons.split(" | ") : []) body.append(element("p", {}, reasonText(reason)));
    return body;
  }
  function reasonText(reason) {
    const parts = reason.match(/^(\w+) ([LME])([123]) \(([^ ]+) %\): -([\d.e+-]+); defects (.*)$/);
    if (!parts) return reason;
    const [, kind, severity, extent, share, points, ids] = parts;
    return `−${number(points)} ${t("points")}: ${t(kind)}, ${t("severity")[severity]} (${t("estimated")}), ` +
      `${t("extent")} ${extent} (${Number(share).toLocaleString(LOCALE[language], { maximumSignificantDigits: 2 })} %); ${t("damages")} ${ids}`;
  }
  function defectPopup(d) {
    const c = classes.get(d.class);
    const margin = (value, powers = 1) => `± ${number(value * Math.min(powers * d.size_sigma, 9.99), 2)}`;
    const segment = segments.get(d.segment_id);
    const state = states.get(d.state), term = (name) => heading("defects", name);
    const where = d.segment_id === null ? word("reason", d.reason)
      : `${segment ? title(segment) : d.segment_id}, ${number(d.offset_m, 1)} m, ${[d.side, d.lane_position].filter(Boolean).map((v, i) => word(["side", "lane_position"][i], v)).join(", ")}, ± ${number(d.place_sigma_m, 1)} m`;
    const body = element("div", { class: "popup" },
      element("h3", {}, element("span", { class: "chip", colour: c.colour }), `${c[language]} ${d.id}`,
        element("span", { class: "tag", colour: state.colour }, state[language])));
    if (d.picture) {
      const picture = element("img", { src: d.picture, alt: `${c[language]}: ${t("picture")}` });
      // Its size is known only now, and with it whether the popup fits on the map.
      picture.addEventListener("load", () => d.layer.getPopup().update());
      picture.addEventListener("error", () => picture.remove());
      body.append(picture);
    }
    body.append(definitions([
      [term("probability"), percent(d.probability)],
      [t("size"), `${number(d.length_m, 2)} × ${number(d.width_m, 2)} m (± ${percent(d.size_sigma)})`],
      [term("area_m2"), `${number(d.area_m2, 2)} ${margin(d.area_m2, 2)} m²`],
      [term("growth"), d.growth === null ? null : `${d.growth > 0 ? "+" : ""}${percent(d.growth)}`],
      [term("first_seen"), day(d.first_seen)],
      [term("last_seen"), `${day(d.last_seen)} (${d.sights} ×, ${d.looks} ${t("inPictures")})`],
      [term("missed"), d.missed ? number(d.missed) : null],
      [t("place"), where],
      [term("score"), percent(d.score)],
      [term("survey_id"), surveys.has(d.survey_id) ? surveys.get(d.survey_id).name : d.survey_id],
      [term("source"), `${d.source.split(/[\\/]/).pop()} @ ${number(d.media_time_s, 1)} s`],
    ]));
    return body;
  }
  const popupOptions = { maxWidth: 300, minWidth: 250, autoPanPadding: [10, 10], maxHeight: byId("map").clientHeight - 70 };

  function drawSegments() {
    groups.network.clearLayers();
    groups.segments.clearLayers();
    for (const s of data.segments) {
      const style = s.covered_m > 0
        ? { color: colourOf(s), weight: 2.5, dashArray: "4 6" } : { color: GREY, weight: 2, dashArray: "5 5", opacity: 0.8 };
      s.layer = L.polyline(s.line, { ...style, renderer })
        .bindTooltip(() => element("span", {}, label(s)), { sticky: true }).bindPopup(() => segmentPopup(s), popupOptions);
      s.layer.addTo(s.covered_m > 0 ? groups.segments : groups.network);
    }
    // Colour only what was seen: the rest of a graded segment stays dashed.
    for (const part of data.coverage) {
      const s = segments.get(part.segment_id);
      if (!part.usable || !s) continue;
      L.polyline(part.line, { color: colourOf(s), weight: weightOf(s), lineCap: "butt", renderer })
        .bindTooltip(() => element("span", {}, label(s)), { sticky: true }).bindPopup(() => segmentPopup(s), popupOptions).addTo(groups.segments);
    }
  }
  function drawCoverage() {
    for (const part of data.coverage) {
      const style = part.usable ? { color: SEEN, opacity: 0.35 } : { color: UNSEEN, opacity: 0.8, dashArray: "3 9" };
      L.polyline(part.line, { ...style, weight: 14, lineCap: "butt", renderer }).bindTooltip(() => {
        const what = part.usable ? t("seen") : `${t("unseen")}: ${word("reason", part.reason)}`;
        return element("span", {}, `${what}; ${number(part.from_m)}–${number(part.to_m)} m, ${t("driving")}: ${word("direction", part.direction)}, ${day(part.utc)}`);
      }, { sticky: true }).addTo(groups.coverage);
    }
  }
  function drawTrack() {
    for (const line of data.track) {
      L.polyline(line, { color: "#222", weight: 1.5, dashArray: "1 5", interactive: false, renderer }).addTo(groups.track);
      L.polyline(line, { color: "#fff", weight: 1, dashArray: "1 5", dashOffset: "3", interactive: false, renderer }).addTo(groups.track);
    }
  }

  const hidden = new Set(data.states.filter((s) => !s.shown).map((s) => s.value)); // kinds and states
  let minimum = 0;
  const visible = () => data.defects.filter((d) =>
    !hidden.has(classes.get(d.class).kind) && !hidden.has(d.state) && (d.probability >= minimum || d.state === "gone"));
  // New and grown damage has a ring in the colour of its state; what wasn't seen again is faint.
  function markerOf(d) {
    const ring = ["new", "grown"].includes(d.state), faint = ["not seen again", "gone"].includes(d.state);
    const colour = classes.get(d.class).colour;
    return {
      radius: 7, color: ring ? states.get(d.state).colour : faint ? colour : "#fff", weight: ring ? 3 : 2,
      fillColor: colour, fillOpacity: faint ? 0.25 : 1, renderer,
    };
  }
  function drawDefects() {
    groups.defects.clearLayers();
    const shown = visible();
    for (const d of shown) {
      d.layer = L.circleMarker([d.lat, d.lon], markerOf(d))
        .bindTooltip(() => element("span", {}, `${classes.get(d.class)[language]}, ${states.get(d.state)[language]}`)).bindPopup(() => defectPopup(d), popupOptions).addTo(groups.defects);
    }
    byId("shown").textContent = data.defects.length ? t("shown")(number(shown.length), number(data.defects.length)) : t("noDefects");
    byId("defects").replaceChildren(...shown.map(defectItem));
    restack();
  }
  function defectItem(d) {
    const c = classes.get(d.class), segment = segments.get(d.segment_id);
    const place = d.segment_id === null ? t("off") : `${segment ? label(segment) : d.segment_id}, ${number(d.offset_m)} m`;
    const button = element("button", { type: "button" }, element("span", { class: "chip", colour: c.colour }),
      element("span", {}, `${c[language]} ${d.id}`), element("span", { class: "number" }, percent(d.probability)), element("small", {}, `${states.get(d.state)[language]} · ${place}`));
    button.addEventListener("click", () => {
      show("defects");
      map.setView([d.lat, d.lon], Math.max(map.getZoom(), 18), { animate: false });
      d.layer.openPopup();
      reveal();
    });
    return element("li", { "data-id": d.id }, button);
  }
  function listFirst() {
    const first = data.segments.filter((s) => s.priority !== null).sort((a, b) => a.priority - b.priority);
    const items = first.slice(0, 15).map((s) => {
      const button = element("button", { type: "button" }, element("span", { class: "chip square", colour: entryOf(s, 0).colour }),
        element("span", {}, `${s.priority}. ${label(s)}`), element("span", { class: "number" }, entryOf(s, 1)[language]),
        element("small", {}, `${entryOf(s, 0)[language]} · ${s.segment_id} · ${percent(s.coverage)} ${t("seenShare")}`));
      button.addEventListener("click", () => {
        show("segments");
        map.fitBounds(s.layer.getBounds(), { padding: [40, 40], maxZoom: 19, animate: false });
        s.layer.openPopup(s.layer.getCenter());
        reveal();
      });
      return element("li", { "data-id": s.segment_id }, button);
    });
    byId("worst").replaceChildren(...(items.length ? items : [element("li", { class: "none" }, t("noWorse"))]));
  }
  // On a phone the map is above the lists.
  const reveal = () => {
    if (byId("map").getBoundingClientRect().bottom < 120) byId("map").scrollIntoView();
  };

  function show(name) {
    const box = byId(`layer-${name}`);
    if (box && !box.checked) box.click();
  }
  // One canvas draws in the order of adding; a layer switched on again must go back to its place.
  function restack() {
    for (const group of Object.values(groups)) {
      if (map.hasLayer(group)) group.eachLayer((layer) => layer.bringToFront());
    }
  }
  function svg(kind, colour, width = 5) {
    const space = "http://www.w3.org/2000/svg";
    const drawing = document.createElementNS(space, "svg");
    drawing.setAttribute("width", 26);
    drawing.setAttribute("height", 14);
    drawing.setAttribute("aria-hidden", "true");
    const shape = document.createElementNS(space, kind === "dot" ? "circle" : "line");
    const attributes = kind === "dot" ? { cx: 13, cy: 7, r: 5.5, fill: colour, stroke: "#fff", "stroke-width": 1.5 }
      : { x1: 0, x2: 26, y1: 7, y2: 7, stroke: colour, "stroke-width": width, "stroke-dasharray": kind === "dash" ? "5 4" : "none" };
    for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
    drawing.append(shape);
    return drawing;
  }
  function legend() {
    const keys = {
      segments: [
        ...themes[theme].entries.slice(0, -1).map((e) => [svg("line", e.colour, 4 * e.width), e[language]]),
        ...(themes[theme].name === "coverage" ? [] : [[svg("line", SLATE, 4), t("little")]]),
        [svg("dash", SLATE, 2.5), t("rest")], [svg("dash", GREY, 2), t("none")],
      ],
      coverage: [[svg("line", "#b3c5da", 10), t("seen")], [svg("dash", UNSEEN, 10), t("unseen")]],
      defects: data.classes.map((c) => [svg("dot", c.colour), c[language]]),
      track: [],
    };
    const blocks = Object.entries(keys).map(([name, entries]) => {
      const box = element("input", { type: "checkbox", id: `layer-${name}` });
      box.checked = map.hasLayer(groups[name]);
      box.addEventListener("change", () => {
        box.checked ? groups[name].addTo(map) : groups[name].remove();
        restack();
      });
      const list = element("ul", { class: "key" }, ...entries.map(([symbol, text]) => element("li", {}, symbol, text)));
      return element("div", {}, element("label", {}, box, t(`layer_${name}`)), list);
    });
    byId("layers").replaceChildren(...blocks);
  }
  function filters() {
    const kinds = [...new Set(data.classes.map((c) => c.kind))];
    byId("kinds").replaceChildren(...kinds.map((kind) => {
      const box = element("input", { type: "checkbox", id: `kind-${kind}` });
      box.checked = !hidden.has(kind);
      box.addEventListener("change", () => {
        box.checked ? hidden.delete(kind) : hidden.add(kind);
        drawDefects();
      });
      return element("label", {}, box, t(kind));
    }));
    byId("states").replaceChildren(...data.states.map((state) => {
      const box = element("input", { type: "checkbox", id: `state-${state.value.replaceAll(" ", "-")}` });
      box.checked = !hidden.has(state.value);
      box.addEventListener("change", () => {
        box.checked ? hidden.delete(state.value) : hidden.add(state.value);
        drawDefects();
      });
      const count = data.defects.filter((d) => d.state === state.value).length;
      return element("label", {}, box, state[language], element("span", { class: "count" }, number(count)));
    }));
    byId("theme").replaceChildren(...themes.map((each, i) => element("option", { value: i }, each[language])));
    byId("theme").value = theme;
    byId("minimum-value").textContent = percent(minimum);
  }
  function figures() {
    const pairs = [
      [t("driven"), `${number(survey.driven_m / 1000, 1)} km`], [t("covered"), `${number(survey.covered_m / 1000, 1)} km`],
      [t("count"), number(data.defects.filter((d) => d.state !== "gone").length)], [t("model"), survey.model || "–"], [t("table"), survey.table],
    ];
    byId("figures").replaceChildren(...pairs.map(([term, value]) => element("div", {}, element("dt", {}, term), element("dd", {}, value))));
    byId("when").textContent = [...new Set([survey.from, survey.to].filter(Boolean).map(day))].join(" – ");
    byId("surveys").replaceChildren(...data.surveys.map((each) => element("li", {}, element("span", {}, each.name),
      element("span", {}, `${day(each.from_utc)} · ${number(each.driven_m / 1000, 1)} km`))));
  }
  function notes() {
    const lines = [t("unsurveyed"), t("estimate")];
    if (!survey.calibrated) lines.push(t("uncalibrated"));
    if (survey.unusable) lines.push(t("unusable")(number(survey.unusable), number(survey.frames)));
    if (survey.unmatched) lines.push(t("unmatched")(number(survey.unmatched), number(survey.frames)));
    if (survey.unlocated) lines.push(t("unlocated")(number(survey.unlocated)));
    byId("notes").replaceChildren(...lines.map((line) => element("li", {}, line)));
    byId("about").replaceChildren(
      element("p", { id: "drawn" }, t("embedded")(number(survey.embedded_segments), number(survey.network_segments), number(survey.nearby_m))),
      element("p", {}, `${t("network")}: ${survey.network}. ${t("source")} ${survey.table}: ${survey.table_source}`),
      element("p", {}, "Schouw · Leaflet 1.9.4"),
    );
  }
  function controls() {
    if (zoom) zoom.remove();
    if (scale) scale.remove();
    zoom = L.control.zoom({ position: "bottomright", zoomInTitle: t("zoomIn"), zoomOutTitle: t("zoomOut") }).addTo(map);
    scale = L.control.scale({ imperial: false }).addTo(map);
  }
  function speak(chosen) {
    language = chosen;
    document.documentElement.lang = language;
    for (const button of document.querySelectorAll("[data-language]")) {
      button.setAttribute("aria-pressed", String(button.dataset.language === language));
    }
    for (const node of document.querySelectorAll("[data-text]")) node.textContent = t(node.dataset.text);
    byId("map").setAttribute("aria-label", t("map"));
    map.closePopup();
    for (const fill of [controls, figures, notes, legend, filters, listFirst, drawDefects]) fill();
  }

  function surveyedBounds() {
    const bounds = L.latLngBounds([]);
    const extend = (line) => line.forEach((place) => bounds.extend(place));
    data.track.forEach(extend);
    data.coverage.forEach((part) => extend(part.line));
    if (!bounds.isValid()) data.segments.forEach((s) => extend(s.line));
    return bounds.isValid() ? bounds.pad(0.05) : L.latLngBounds([[50.7, 3.3], [53.6, 7.3]]);
  }
  map.fitBounds(surveyedBounds(), { animate: false, maxZoom: 19 });
  drawSegments();
  drawCoverage();
  drawTrack();
  speak(language);
  byId("theme").addEventListener("change", (event) => {
    theme = Number(event.target.value);
    map.closePopup();
    drawSegments();
    legend();
    restack();
  });
  byId("minimum").addEventListener("input", (event) => {
    minimum = Number(event.target.value);
    byId("minimum-value").textContent = percent(minimum);
    drawDefects();
  });
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => speak(button.dataset.language));
  }
  addEventListener("beforeprint", () => map.invalidateSize({ animate: false }).fitBounds(surveyedBounds(), { animate: false }));
  addEventListener("afterprint", () => map.invalidateSize({ animate: false }));
})();
