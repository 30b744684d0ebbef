// Moving to a new phone, on the old one.

import NodKit
import SwiftUI

struct MoveOldView: View {
    let state: MoveOldState
    let send: Tell<MoveOldEvent>

    @Environment(\.words) private var words

    var body: some View {
        Group {
            switch state {
            case .warning(let accounts, let codes): warning(accounts, codes)
            case .opening: opening
            case .qr(let text, let deadline, let now): qr(text, deadline - now)
            case .code(let code): typing(code)
            case .moving(let move, let error): moving(move, error)
            case .ended(let ending): ended(ending)
            case .failed(let error):
                MoveFailedView(
                    text: words.moveOld(failed: error), again: words.text(.moveFailedAgainOld),
                    onAgain: { send(.againPressed) }, onClose: { send(.closePressed) })
            }
        }
        .navigationTitle(words.text(.moveTitle))
        .navigationBarTitleDisplayMode(.inline)
        .navigationBarBackButtonHidden()
    }

    private func warning(_ accounts: Int, _ codes: Int) -> some View {
        Page {
            PartHeading(words.text(.moveWarningGoods))
            Rows(goods(accounts, codes)) { good in
                Label(good.0, systemImage: good.1)
                    .padding(.horizontal, 16)
                    .padding(.vertical, 12)
            }
            Text(words.text(.moveWarningKeys)).fixedSize(horizontal: false, vertical: true)
            Notice(.warn, words.text(.moveWarningAfter))
            if codes > 0 { Text(words.text(.moveWarningCodes)).fixedSize(horizontal: false, vertical: true) }
            Muted(words.text(.moveWarningReady))
        } actions: {
            Button(words.text(.moveWarningStart)) { send(.startPressed) }
                .buttonStyle(.nod(.primary))
                .disabled(accounts + codes == 0)
            Button(words.text(.cancel)) { send(.cancelPressed) }.buttonStyle(.nod(.secondary))
        }
    }

    private func goods(_ accounts: Int, _ codes: Int) -> [(String, String)] {
        var goods = [(words.count(.moveAccounts, accounts), "person.crop.circle")]
        if codes > 0 { goods.append((words.count(.moveCodes, codes), "number")) }
        return goods
    }

    private var opening: some View {
        Page {
            Working(words.text(.moveOpening))
        } actions: {
            Button(words.text(.cancel)) { send(.cancelPressed) }.buttonStyle(.nod(.secondary))
        }
    }

    private func qr(_ text: String, _ left: Double) -> some View {
        let seconds = max(0, Int(left.rounded(.up)))
        return Page {
            Heading(words.text(.moveQrHeading))
            QrCode(text: text, label: words.text(.moveQrLabel)).frame(maxWidth: .infinity)
            Muted(words.count(.moveQrLeft, seconds)).accessibilityAddTraits(.updatesFrequently)
            Notice(.warn, words.text(.moveQrNobody))
            Working(words.text(.moveQrWaiting))
        } actions: {
            Button(words.text(.cancel)) { send(.cancelPressed) }.buttonStyle(.nod(.secondary))
        }
    }

    private func typing(_ code: MoveCode) -> some View {
        Page {
            Heading(words.text(.moveDigitsHeading))
            Muted(words.text(.moveDigitsScanned, ["phone": code.otherPhone ?? words.text(.moveAnother)]))
            DigitsField(
                words.text(.moveDigitsLabel), hint: words.text(.moveDigitsOnce), digits: 6, typed: code.typed,
                change: { send(.digitsTyped($0)) })
            Muted(words.count(.moveQrLeft, max(0, Int((code.deadline - code.now).rounded(.up)))))
                .accessibilityAddTraits(.updatesFrequently)
            ErrorNotice(code.error.map { words.text(of: $0) })
            if code.sending { Working(words.text(.loading)) }
            Notice(.warn, words.text(.moveDigitsDoubt))
        } actions: {
            Button(words.text(.moveDigitsConfirm)) { send(.confirmPressed) }
                .buttonStyle(.nod(.primary))
                .disabled(!code.canConfirm)
            Button(words.text(.cancel)) { send(.cancelPressed) }.buttonStyle(.nod(.secondary))
        }
        .announcing(words.text(.moveDigitsHeading))
    }

    private func moving(_ move: Move?, _ error: PhoneError?) -> some View {
        MovingView(
            move: move, heading: .moveMovingOld, error: error, onAgain: { send(.againPressed) },
            onClose: { send(.closePressed) }, onStop: { send(.cancelPressed) })
    }

    private func ended(_ ending: MoveEnding) -> some View {
        let move = ending.move
        return MoveEndedView(move: move) {
            if let deleted = ending.deleted {
                Notice(.good, words.count(.moveEndedDeleted, deleted))
                    .announcing(words.count(.moveEndedDeleted, deleted))
            } else if ending.canDelete || ending.deleting {
                Notice(.warn, [words.count(.moveEndedCodes, move.codes), words.text(.moveEndedCodesText)]) {
                    Button(words.text(.moveEndedCodesDelete)) { send(.deleteCodesPressed) }
                        .buttonStyle(.nod(.secondary))
                        .disabled(!ending.canDelete)
                }
            }
            ErrorNotice(ending.error.map { words.text(of: $0) })
        } actions: {
            Button(words.text(.done)) { send(.closePressed) }.buttonStyle(.nod(.primary))
            if move.moved < move.accounts.count {
                Button(words.text(.moveFailedAgainOld)) { send(.againPressed) }.buttonStyle(.nod(.quiet))
            }
        }
    }
}
