// What the sheet says that asks for the user before a key is used.

import NodKit

enum PromptWords {
    static func prompt(_ reason: PromptReason, in words: Words) -> SecureEnclaveKeys.Prompt {
        SecureEnclaveKeys.Prompt(reason: text(reason, in: words), cancel: words.text(.promptCancel))
    }

    private static func text(_ reason: PromptReason, in words: Words) -> String {
        switch reason {
        case .silent: words.text(.promptTitle)
        case .enrol: words.text(.promptEnrol)
        case .approve(let service): words.text(.promptApprove, ["service": service])
        case .offerMove: words.text(.promptOffer)
        case .moveAway(let service): words.text(.promptAway, ["service": service])
        case .takeOver(let service): words.text(.promptTakeOver, ["service": service])
        }
    }
}
