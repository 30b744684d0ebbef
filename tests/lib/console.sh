# The helpdesk console in a real browser, with a real OpenID provider and phones on the command line.
# Sourced by tests/run; needs tests/lib/outside.sh.

about_console() { echo 'the helpdesk console in headless Chromium, with an OpenID provider'; }
suite_console() {
  need_browser && need_debian oathtool oathtool && need_nod || return 1
  node tests/browser/console.js
}
