// What the console's pages gain from a script; all of them work without it.

/** Counts the remaining time down, as `minutes:seconds`. */
function countDown(element) {
  const end = performance.now() + Number(element.dataset.left) * 1000;
  const show = () => {
    const left = Math.max(0, Math.ceil((end - performance.now()) / 1000));
    element.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    if (left > 0) setTimeout(show, 500);
  };
  show();
}

/** Asks whether the phone has answered; the page that comes then is another one. */
async function wait() {
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    const text = await answer.text();
    if (answer.redirected) return location.replace(answer.url);
    if (answer.ok && text.includes("data-waiting")) return setTimeout(wait, 1500);
    return location.reload();
  } catch {
    return setTimeout(wait, 3000);
  }
}

document.querySelectorAll("[data-left]").forEach(countDown);
if (document.querySelector("[data-waiting]")) setTimeout(wait, 1500);
