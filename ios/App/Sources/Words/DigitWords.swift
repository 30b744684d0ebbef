// How digits are shown and read out.

/// Digits in two groups, as they are easiest to read.
func grouped(_ digits: String) -> String {
    let half = (digits.count + 1) / 2
    guard digits.count > 4 else { return digits }
    return "\(digits.prefix(half))\u{2009}\(digits.dropFirst(half))"
}

/// Digits one by one, so that VoiceOver reads no number of hundreds of thousands.
func spelt(_ digits: String) -> String {
    digits.map(String.init).joined(separator: " ")
}
