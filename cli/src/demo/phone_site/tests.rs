//! The phone site over HTTP, without a relay.

use super::*;

#[test]
fn phones_are_numbered_in_one_way() {
    assert_eq!(number_of("1"), Some(1));
    assert_eq!(number_of("8"), Some(MOST_DEVICES));
    for bad in ["0", "9", "01", "+1", "", "1/", "256", "-1"] {
        assert_eq!(number_of(bad), None, "{bad}");
    }
}
