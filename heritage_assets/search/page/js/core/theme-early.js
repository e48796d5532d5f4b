// Sets the chosen theme before the first paint, so that a dark page never flashes white. A classic script: modules run late.
(() => {
  try {
    const chosen = localStorage.getItem('heritage.theme');
    if (chosen === 'dark' || chosen === 'light') document.documentElement.dataset.theme = chosen;
  } catch {
    // Storage may be forbidden; then the system's preference holds.
  }
})();
