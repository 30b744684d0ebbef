// The challenge: the question, the number, the answer, and how it ended.

import NodKit
import SwiftUI

struct ChallengeView: View {
    let state: ChallengeState
    let send: Tell<ChallengeEvent>

    @Environment(\.words) private var words

    var body: some View {
        Group {
            if let pending = state.pending {
                if case .ended(let end) = state.phase {
                    ChallengeEndView(end: end, pending: pending, others: state.others) { send(.donePressed) }
                } else {
                    asking(pending)
                }
            } else {
                Palette.page.ignoresSafeArea()
            }
        }
        .accessibilityAddTraits(.isModal)
        .onAppear { Announcer.screenChanged() }
    }

    private func asking(_ pending: Pending) -> some View {
        Page {
            header(pending)
            Heading(words.text(.challengeHeading))
            if let site = state.otherSite, let domain = pending.serviceDomain {
                Notice(.warn, words.text(.challengeOtherSite, ["site": site, "domain": domain]))
            }
            let details = details(pending.context)
            if !details.isEmpty {
                Rows(details) { DetailRow($0.name, $0.value, symbol: $0.symbol) }
            }
            if state.others > 0 { Muted(words.count(.challengeMore, state.others)) }
            ErrorNotice(state.error.map(said))
            if case .sending(let decision) = state.phase { Working(sending(decision, pending)) }
        } actions: {
            if pending.digits > 0 {
                DigitsField(
                    words.text(.challengeNumber),
                    hint: words.text(pending.digits == 2 ? .challengeNumberTwo : .challengeNumberSix),
                    digits: pending.digits, typed: state.typed, change: { send(.digitsTyped($0)) })
            }
            Button {
                send(.approvePressed)
            } label: {
                Label(words.text(.challengeApprove), systemImage: "checkmark")
            }
            .buttonStyle(.nod(.primary))
            .disabled(!state.canApprove)
            Button {
                send(.denyPressed)
            } label: {
                Label(words.text(.challengeDeny), systemImage: "xmark")
            }
            .buttonStyle(.nod(.secondary))
            .disabled(!state.canAnswer)
            Button {
                send(.reportPressed)
            } label: {
                Label(words.text(.challengeReport), systemImage: "flag")
            }
            .buttonStyle(.nod(.quietBad))
            .disabled(!state.canAnswer)
        }
        .announcing(words.text(.challengeArrived, ["service": pending.serviceName]))
        .announcing(state.isSoonOver ? words.text(.challengeSoon) : nil)
    }

    private func header(_ pending: Pending) -> some View {
        HStack(alignment: .top, spacing: 14) {
            Initial(name: pending.serviceName)
            VStack(alignment: .leading, spacing: 2) {
                Text(isolated(pending.serviceName))
                    .font(.headline)
                    .fixedSize(horizontal: false, vertical: true)
                if let domain = pending.serviceDomain { VerifiedDomain(domain: domain) }
                Muted(words.text(.challengeAccount, ["label": pending.label]))
            }
            .frame(maxWidth: .infinity, alignment: .leading)
            Ring(
                left: state.left, seconds: state.secondsLeft, soon: state.isSoonOver,
                spoken: words.count(.challengeLeft, state.secondsLeft))
        }
    }

    private struct Detail {
        let name: String
        let value: String
        let symbol: String
    }

    /// In the order in which a person needs them; what is missing is left out.
    private func details(_ context: Context) -> [Detail] {
        let all: [(Word, String?, String)] = [
            (.challengeApplication, context.application, "macwindow"),
            (.challengeSite, context.domain, "globe"),
            (.challengePlace, context.place, "mappin.and.ellipse"),
            (.challengeAddress, context.address, "network"),
            (.challengeDevice, context.device, "desktopcomputer"),
            (.challengeDetail, context.detail, "text.alignleft"),
        ]
        return all.compactMap { word, value, symbol in
            value.map { Detail(name: words.text(word), value: isolated($0), symbol: symbol) }
        }
    }

    private func sending(_ decision: Decision, _ pending: Pending) -> String {
        switch decision {
        case .approve: words.text(.challengeSendingApprove)
        case .deny: words.text(.challengeSendingDeny)
        case .report: words.text(.challengeSendingReport, ["service": pending.serviceName])
        }
    }

    private func said(_ error: PhoneError) -> String {
        switch error {
        case .userNotVerified: words.text(.challengeUnverified)
        case .keyUnusable: words.text(.challengeKeyUnusable)
        default: words.text(of: error)
        }
    }
}
