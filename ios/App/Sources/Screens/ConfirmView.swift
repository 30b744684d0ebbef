// The question before a text is used that came from outside the scanner.

import NodKit
import SwiftUI

struct ConfirmView: View {
    let state: ConfirmState
    let send: Tell<ConfirmEvent>

    @Environment(\.words) private var words

    var body: some View {
        Page {
            Medallion(tone: .warn, symbol: "link").frame(maxWidth: .infinity)
            Heading(words.text(.confirmHeading))
            Notice(.warn, words.text(.confirmText))
            if let scanned = state.scanned {
                Text(what(scanned)).fixedSize(horizontal: false, vertical: true)
            }
            if state.busy || (state.scanned == nil && state.error == nil) { Working(words.text(.scanReading)) }
            ErrorNotice(state.error.map { words.text(of: $0) })
        } actions: {
            Button(words.text(.continue)) { send(.continuePressed) }
                .buttonStyle(.nod(.secondary))
                .disabled(state.scanned == nil || state.busy)
            Button(words.text(.cancel)) { send(.cancelPressed) }.buttonStyle(.nod(.primary))
        }
        .navigationTitle(words.text(.confirmTitle))
        .navigationBarTitleDisplayMode(.inline)
    }

    private func what(_ scanned: Scanned) -> String {
        switch scanned {
        case .enrolment(let relay): words.text(.confirmEnrolment, ["relay": relay])
        case .move(let relay): words.text(.confirmMove, ["relay": relay])
        case .code(let issuer, let account): words.text(.confirmCode, ["issuer": issuer.isEmpty ? account : issuer])
        case .export(let codes, _, _): words.count(.confirmCodes, codes)
        }
    }
}
