// What pages gain from a script; all of them work without it.

const RETRY_MS = 3000;
const SOON_MS = 5000;
const TICK_MS = 250;

/** Writes times in the browser's time zone and the page's language. */
function localTimes() {
  const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "long", timeStyle: "short" });
  for (const time of document.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.getTime())) time.textContent = format.format(at);
  }
}

/** Loads the page again as soon as there is news, but never takes away what somebody is typing. */
async function watch(node) {
  const { watch: address, seen, page } = node.dataset;
  for (;;) {
    try {
      const answer = await fetch(`${address}?seen=${encodeURIComponent(seen)}`, { headers: { accept: "text/plain" } });
      if (!answer.ok) {
        location.replace(page);
        return;
      }
      if ((await answer.text()) !== seen) {
        await typed(node);
        location.replace(page);
        return;
      }
    } catch {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

/** Resolves once no field of `node` holds anything that was typed. */
async function typed(node) {
  const busy = () => [...node.querySelectorAll("input:not([type=hidden])")].some(({ value }) => value !== "");
  while (busy()) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
}

/** Lets a countdown run, on the monotonic clock. */
function countdown(node) {
  const whole = Math.max(1, Number(node.dataset.whole));
  const deadline = performance.now() + Number(node.dataset.left);
  const [rest, left] = [node.querySelector(".rest"), node.querySelector(".left")];
  const draw = () => {
    const ms = Math.max(0, Math.min(whole, deadline - performance.now()));
    rest.style.setProperty("--gone", String(100 * (1 - ms / whole)));
    left.textContent = String(Math.ceil(ms / 1000));
    node.classList.toggle("soon", ms <= SOON_MS);
    if (ms === 0) clearInterval(timer);
  };
  const timer = setInterval(draw, TICK_MS);
  draw();
}

/** Lets the items of a list be dragged into another order, which is then sent as the form would send it. */
function order(form) {
  const list = form.querySelector("ol");
  if (list.children.length < 2) return;
  for (const item of list.children) {
    const grip = item.querySelector(".grip");
    grip.hidden = false;
    grip.addEventListener("pointerdown", (down) => {
      if (down.button !== 0) return;
      down.preventDefault();
      const before = ids(list);
      grip.setPointerCapture(down.pointerId);
      item.classList.add("held");
      const move = ({ clientY }) => {
        for (const other of list.children) {
          const { top, height } = other.getBoundingClientRect();
          const above = clientY < top + height / 2;
          const follows = Boolean(item.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING);
          if (other !== item && clientY >= top && clientY <= top + height && above !== follows) {
            if (above) other.before(item);
            else other.after(item);
            break;
          }
        }
      };
      const end = ({ type }) => {
        grip.removeEventListener("pointermove", move);
        item.classList.remove("held");
        const now = ids(list);
        if (type === "pointerup" && now !== before) send(form, now);
      };
      grip.addEventListener("pointermove", move);
      grip.addEventListener("pointerup", end, { once: true });
      grip.addEventListener("pointercancel", end, { once: true });
    });
  }
}

function ids(list) {
  return [...list.children].map(({ dataset }) => dataset.id).join(",");
}

function send(form, value) {
  const field = document.createElement("input");
  field.type = "hidden";
  field.name = "order";
  field.value = value;
  form.append(field);
  form.submit();
}

localTimes();
document.querySelectorAll("[data-watch]").forEach(watch);
document.querySelectorAll("[data-countdown]").forEach(countdown);
document.querySelectorAll("[data-order]").forEach(order);
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
