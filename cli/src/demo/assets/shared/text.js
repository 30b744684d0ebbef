// Looks up the user's words: one table per site, placeholders in braces, plurals, dates.

let table = {};
let locale = "en-GB";

/** Sets the site's table of texts and the locale for dates and plurals. */
export function useStrings(strings, language) {
  table = strings;
  locale = language;
}

/** The text of `key`, with `{name}` replaced by `values.name`. An unknown key shows itself, so that it is noticed. */
export function t(key, values = {}) {
  const text = Object.hasOwn(table, key) ? table[key] : key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (Object.hasOwn(values, name) ? String(values[name]) : whole));
}

/** The text of `key.one`, `key.other` …, as `count` needs in this language; `{count}` is filled in. */
export function plural(key, count, values = {}) {
  const form = new Intl.PluralRules(locale).select(count);
  return t(Object.hasOwn(table, `${key}.${form}`) ? `${key}.${form}` : `${key}.other`, { count, ...values });
}

/** The text of `key.name`, or of `key.other` when this page does not know `name`. */
export function choose(key, name, values = {}) {
  return t(Object.hasOwn(table, `${key}.${name}`) ? `${key}.${name}` : `${key}.other`, values);
}

/** Day and time of `ms` (Unix milliseconds). */
export function dateTime(ms) {
  return new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" }).format(new Date(ms));
}

/** Day and time of `ms`, short; only the time when it is today. */
export function shortTime(ms) {
  const date = new Date(ms);
  const today = date.toDateString() === new Date().toDateString();
  const shape = today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" };
  return new Intl.DateTimeFormat(locale, shape).format(date);
}

/** A code in groups of three: `123 456`. The space is a non-breaking one. */
export function grouped(code) {
  return code.length > 3 ? code.replace(/(.{3})(?=.)/g, "$1\u00a0") : code;
}
