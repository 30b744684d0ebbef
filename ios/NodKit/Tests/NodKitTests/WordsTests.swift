// The texts: which form, which values, which language.

import NodKit
import Testing

@Suite("Words")
struct WordsTests {
    let english = Words.of(.en)

    @Test("a text is in the language that was asked for")
    func language() {
        let approve = Language.allCases.map { Words.of($0).text(.challengeApprove) }
        #expect(approve == ["Approve", "Godkänn", "Godkjenn", "Godkend"])
    }

    @Test("one has a form of its own, and nought has not")
    func plural() {
        #expect(english.count(.homePending, 1) == "One request is waiting")
        #expect(english.count(.homePending, 0) == "0 requests are waiting")
        #expect(Words.of(.sv).count(.homePending, 2) == "2 förfrågningar väntar")
    }

    @Test("a count goes with other values")
    func countWithValues() {
        #expect(english.count(.moveMovingCount, 3, ["moved": 1]) == "1 of 3 accounts moved")
    }

    @Test("a name is isolated and a number is not")
    func isolates() {
        let label = "ada@example.org"
        #expect(english.text(.challengeAccount, ["label": label]) == "as \u{2068}ada@example.org\u{2069}")
        #expect(
            english.text(.scanPart, ["part": 2, "parts": UInt32(5)]) == "This was part 2 of 5. Scan the others too.")
    }

    @Test("a name cannot leave its isolate")
    func escape() {
        #expect(english.text(.challengeAccount, ["label": "Ada\u{2069}\u{202E}gro"]) == "as \u{2068}Adagro\u{2069}")
    }

    @Test("a value that looks like a placeholder is a value")
    func onePass() {
        let text = english.text(.challengeOtherSite, ["site": "{domain}", "domain": "a.example"])
        #expect(
            text
                == "The sign-in is at \u{2068}{domain}\u{2069}, not at \u{2068}a.example\u{2069}. Approve only if you expect that."
        )
    }

    @Test("a placeholder without a value stays to be seen")
    func missing() {
        #expect(english.text(.challengeAccount, ["name": "Ada"]) == "as {label}")
    }

    @Test("every language has every text", arguments: Language.allCases)
    func complete(language: Language) {
        let words = Words.of(language)
        #expect(words.language == language)
        #expect(Word.allCases.filter { words.text($0).isEmpty } == [])
        #expect(Plural.allCases.filter { (words.count($0, 1) + words.count($0, 2)).contains("{count}") } == [])
    }

    @Test("a locale finds its language, and one that is not spoken is English")
    func locales() {
        let tags = ["sv", "sv-SE", "sv_FI", "SV", "nb-NO", "nn-NO", "no", "da-DK", "en-GB", "fi-FI", "svx", ""]
        #expect(tags.map(Language.of) == [.sv, .sv, .sv, .sv, .nb, .nb, .nb, .da, .en, .en, .en, .en])
    }

    @Test("a language calls itself by its own name")
    func ownNames() {
        #expect(Language.allCases.map(\.ownName) == ["English", "Svenska", "Norsk bokmål", "Dansk"])
    }
}
