// The texts of the apps in the user's language.
// Made by bindings/words/generate from bindings/words/*.json: change those, not this.

/// A language of the apps; the raw value is its BCP 47 name.
public enum Language: String, CaseIterable, Sendable {
    case en
    case sv
    case nb
    case da

    /// What its speakers call it.
    public var ownName: String {
        switch self {
        case .en: "English"
        case .sv: "Svenska"
        case .nb: "Norsk bokmål"
        case .da: "Dansk"
        }
    }

    /// Its BCP 47 name.
    public var tag: String { rawValue }

    /// The language for a locale such as `sv-SE`. Any Norwegian is bokmål; what the apps do not speak is English.
    public static func of(_ localeTag: String) -> Language {
        let language = localeTag.prefix { $0 != "-" && $0 != "_" }.lowercased()
        return ["no", "nn"].contains(language) ? .nb : Language(rawValue: language) ?? .en
    }
}

/// A text with a form for one and a form for any other number; the raw value is its name in `bindings/words/`.
public enum Plural: String, CaseIterable, Sendable {
    case scanAdded = "scan.added"
    case scanKnown = "scan.known"
    case scanSkipped = "scan.skipped"
    case confirmCodes = "confirm.codes"
    case homePending = "home.pending"
    case homeCodeLeft = "home.code.left"
    case challengeLeft = "challenge.left"
    case challengeMore = "challenge.more"
    case backupExported = "backup.exported"
    case moveAccounts = "move.accounts"
    case moveCodes = "move.codes"
    case moveQrLeft = "move.qr.left"
    case moveMovingCount = "move.moving.count"
    case moveEndedCodes = "move.ended.codes"
    case moveEndedDeleted = "move.ended.deleted"
}

/// The value of a placeholder: a string or a whole number.
public protocol WordValue: Sendable {
    /// What stands in the text. A string comes from a service, a relay or the user: it is wrapped in Unicode isolates
    /// (U+2068 and U+2069) and loses the controls with which it could leave them, so that it cannot turn the words around it.
    var shown: String { get }
}

extension WordValue where Self: BinaryInteger {
    /// The number as it is.
    public var shown: String { String(self) }
}

extension Int: WordValue {}
extension Int64: WordValue {}
extension UInt: WordValue {}
extension UInt8: WordValue {}
extension UInt16: WordValue {}
extension UInt32: WordValue {}
extension UInt64: WordValue {}

extension String: WordValue {
    /// The string in isolates.
    public var shown: String {
        var kept = UnicodeScalarView()
        kept.append("\u{2068}")
        kept.append(contentsOf: unicodeScalars.filter { !changesDirection($0) })
        kept.append("\u{2069}")
        return String(kept)
    }
}

/// The texts of one language.
public struct Words: Sendable {
    public let language: Language
    private let texts: any Texts

    /// The texts in `language`.
    public static func of(_ language: Language) -> Words {
        Words(language: language, texts: textsOf(language))
    }

    /// The text, with the values of its placeholders (see `WordValue.shown`). A placeholder without a value stays.
    public func text(_ word: Word, _ args: [String: any WordValue] = [:]) -> String {
        filled(texts.text(word), args)
    }

    /// The form of the text for `n` of something, with `{count}` and the values of the other placeholders.
    public func count(_ plural: Plural, _ n: Int, _ args: [String: any WordValue] = [:]) -> String {
        let forms = texts.forms(plural)
        return filled(n == 1 ? forms.one : forms.other, args.merging(["count": n]) { _, count in count })
    }

    private static func textsOf(_ language: Language) -> any Texts {
        switch language {
        case .en: English()
        case .sv: Swedish()
        case .nb: Norwegian()
        case .da: Danish()
        }
    }
}

protocol Texts: Sendable {
    func text(_ word: Word) -> String
    func forms(_ plural: Plural) -> Forms
}

struct Forms {
    let one: String
    let other: String
}

/// Whether it opens or closes an embedding, an override or an isolate.
private func changesDirection(_ scalar: Unicode.Scalar) -> Bool {
    (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
}

/// One pass, so that a value that looks like a placeholder is not read as one.
private func filled(_ text: String, _ args: [String: any WordValue]) -> String {
    var made = ""
    var rest = text[...]
    while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
        made += rest[..<open]
        let name = rest[rest.index(after: open)..<close]
        made += args[String(name)]?.shown ?? String(rest[open...close])
        rest = rest[rest.index(after: close)...]
    }
    return made + rest
}
