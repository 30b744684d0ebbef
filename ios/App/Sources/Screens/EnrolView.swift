// Adding an account: the check code.

import NodKit
import SwiftUI

struct EnrolView: View {
    let state: EnrolState
    let send: Tell<EnrolEvent>

    @Environment(\.words) private var words

    var body: some View {
        Group {
            switch state {
            case .contacting: contacting
            case .code(let code, let serviceName, let domain, let cancelling):
                shown(code, serviceName, domain, cancelling)
            case .added(let account): added(account)
            case .failed(let error): failed(error)
            }
        }
        .navigationTitle(words.text(.enrolTitle))
        .navigationBarTitleDisplayMode(.inline)
        .navigationBarBackButtonHidden()
    }

    private var contacting: some View {
        Page {
            Heading(words.text(.enrolContactingHeading))
            Working(words.text(.enrolContactingText))
        } actions: {
            Button(words.text(.cancel)) { send(.cancelPressed) }.buttonStyle(.nod(.secondary))
        }
    }

    private func shown(_ code: String, _ serviceName: String, _ domain: String?, _ cancelling: Bool) -> some View {
        Page {
            HStack(spacing: 14) {
                Initial(name: serviceName)
                VStack(alignment: .leading, spacing: 2) {
                    Text(isolated(serviceName)).font(.headline)
                    if let domain { VerifiedDomain(domain: domain) }
                }
            }
            Heading(words.text(.enrolCodeHeading))
            ShownCode(code: code, spoken: words.text(.enrolCodeSpoken, ["code": spelt(code)]))
            Muted(words.text(.enrolCodeText, ["service": serviceName]))
            Notice(.warn, words.text(.enrolCodeOnly))
            Working(words.text(.enrolCodeWaiting, ["service": serviceName]))
        } actions: {
            Button(words.text(.cancel)) { send(.cancelPressed) }
                .buttonStyle(.nod(.secondary))
                .disabled(cancelling)
        }
    }

    private func added(_ account: Account) -> some View {
        let heading = words.text(.enrolAddedHeading, ["service": account.serviceName])
        return Page {
            Medallion(tone: .good, symbol: "checkmark").frame(maxWidth: .infinity)
            Heading(heading)
            Text(words.text(.enrolAddedText, ["label": account.label])).fixedSize(horizontal: false, vertical: true)
        } actions: {
            Button(words.text(.done)) { send(.closePressed) }.buttonStyle(.nod(.primary))
        }
        .announcing(heading)
    }

    private func failed(_ error: PhoneError) -> some View {
        Page {
            Medallion(tone: .bad, symbol: "xmark").frame(maxWidth: .infinity)
            Heading(words.text(.enrolFailedHeading))
            ErrorNotice(words.enrolment(failed: error))
        } actions: {
            Button(words.text(.close)) { send(.closePressed) }.buttonStyle(.nod(.primary))
        }
    }
}
