// Runs the tests of the app's own logic: a line for each, as tests/lib/report.sh counts them.

keyTests()
keyFailureTests()
vaultKeyTests()
wordTests()
Tests.finish()
