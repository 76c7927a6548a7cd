// Before anything is painted: the theme and the language that were chosen, else those of the browser.
(function () {
  var root = document.documentElement;
  function kept(name) {
    try {
      return localStorage.getItem(name);
    } catch {
      return null; // storage is switched off: the browser's own choice holds
    }
  }
  var theme = kept("rtb-hub-theme");
  var isDark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.classList.toggle("pf-v6-theme-dark", isDark);
  var language = kept("rtb-hub-language") || navigator.language || "en";
  root.lang = language.toLowerCase().startsWith("ko") ? "ko" : "en";
})();
