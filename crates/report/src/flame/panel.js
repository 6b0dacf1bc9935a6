
// goheap's panel over inferno's drawing. Names of the dead process are only ever text here, never markup.
(function() {
  var HTML = "http://www.w3.org/1999/xhtml", SVG = "http://www.w3.org/2000/svg";
  var root = document.documentElement, pinned = null;
  function add(parent, name, text) {
    var node = document.createElementNS(HTML, name);
    if (text) node.textContent = text;
    return parent.appendChild(node);
  }
  function words(id) {
    var node = document.getElementById(id);
    return node ? node.textContent.trim() : "";
  }
  // What keeps letters from right to left to themselves: nobody types it, and nobody wants it copied.
  var ISOLATE = /[\u2068\u2069]/g;
  function label(text) { return text.replace(ISOLATE, "").replace(/: [^:]* in [\d,]+ objects? \([^(]*\)$/, ""); }
  function literal(term) {
    return Array.from(term).map(function(letter) {
      return letter.replace(/[\\^$.*+?()[\]{}|\/]/, "\\$&");
    }).join(/^[\x00-\x7f]*$/.test(term) ? "" : "[\u2068\u2069]*");
  }
  function build() {
    // A page from a file may not change its address.
    var put = history.replaceState;
    history.replaceState = function() { try { put.apply(history, arguments); } catch (e) {} };
    var frames = document.getElementById("frames");
    var top = parseFloat(frames.firstElementChild.querySelector("rect").getAttribute("y"));
    [].forEach.call(frames.children, function(g) {
      top = Math.min(top, parseFloat(g.querySelector("rect").getAttribute("y")));
    });
    var below = parseFloat(root.getAttribute("height")) - parseFloat(frames.getAttribute("y")) - top;
    var box = document.createElementNS(SVG, "foreignObject");
    box.id = "panel";
    box.setAttribute("width", "100%");
    box.setAttribute("height", "100");
    var panel = add(box, "div");
    add(add(panel, "p"), "b", words("title"));
    if (words("subtitle")) add(panel, "p", words("subtitle"));
    var legend = add(panel, "p");
    [].forEach.call(document.querySelectorAll("#legend > rect"), function(swatch) {
      var item = add(legend, "i"), icon = item.appendChild(document.createElementNS(SVG, "svg"));
      var copy = icon.appendChild(swatch.cloneNode());
      copy.setAttribute("x", "0.5");
      copy.setAttribute("y", "0.5");
      item.appendChild(document.createTextNode(swatch.nextElementSibling.textContent));
    });
    var tools = add(panel, "p");
    tools.className = "tools";
    var field = add(tools, "input");
    field.placeholder = "Search: text or /regexp/";
    field.spellcheck = false;
    var clear = add(tools, "button", "Clear"), whole = add(tools, "button", "Show all"), copy = add(tools, "button", "Copy frame");
    var found = add(tools, "span");
    var frame = add(panel, "p", " ");
    frame.className = "frame";

    function layout() {
      var high = Math.ceil(panel.getBoundingClientRect().height);
      box.setAttribute("height", high);
      frames.setAttribute("y", high - top);
      root.setAttribute("height", high + below);
    }
    function show(text) { frame.textContent = text || "Click a frame to enlarge it and keep its text here, to select or copy."; }
    function find() {
      var term = field.value, pattern = /^\/(.+)\/$/.exec(term);
      field.className = "";
      reset_search();
      searching = 0;
      found.textContent = "";
      if (term) {
        try { search(pattern ? pattern[1] : literal(term)); }
        catch (e) { field.className = "bad"; }
        found.textContent = " " + (searching ? words("matched") : "nothing found");
      }
      layout();
    }
    window.search_prompt = function() { field.focus(); field.select(); };
    field.addEventListener("input", find);
    clear.addEventListener("click", function() { field.value = ""; find(); });
    whole.addEventListener("click", function() { pinned = null; show(); unzoom(); find(); });
    copy.addEventListener("click", function() {
      if (!pinned) return show("Click a frame first.");
      var range = document.createRange(), selection = window.getSelection();
      frame.textContent = label(pinned);
      range.selectNodeContents(frame);
      selection.removeAllRanges();
      selection.addRange(range);
      // Where the browser gives no clipboard, or not to this page, what is selected is left to the user.
      function left() { found.textContent = " selected: Ctrl-C copies it"; }
      if (!navigator.clipboard) return left();
      navigator.clipboard.writeText(label(pinned)).then(function() { found.textContent = " copied"; }, left);
    });
    window.addEventListener("mouseover", function(e) {
      var g = find_group(e.target);
      if (g) show(g_to_text(g));
    });
    window.addEventListener("mouseout", function(e) { if (find_group(e.target)) show(pinned); });
    window.addEventListener("click", function(e) {
      var g = find_group(e.target);
      if (g) { pinned = g_to_text(g); show(pinned); layout(); }
    });
    window.addEventListener("resize", function() { setTimeout(layout, 0); });
    root.appendChild(box);
    root.classList.add("panel");
    var asked = get_params().s;
    if (asked) {
      field.value = /[\\^$.*+?()[\]{}|]/.test(asked) ? "/" + asked + "/" : asked;
      find();
    }
    var at = get_params();
    [].forEach.call(frames.children, function(g) {
      var rect = g.querySelector("rect");
      if (at.x === rect.getAttribute("fg:x") && at.y === rect.getAttribute("y")) pinned = g_to_text(g);
    });
    show(pinned);
    if (window.ResizeObserver) new ResizeObserver(layout).observe(panel);
    layout();
  }
  window.addEventListener("load", function() { setTimeout(build, 20); });
})();
