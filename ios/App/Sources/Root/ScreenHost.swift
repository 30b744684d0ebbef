// A screen and its model: made when it is first seen, told of time while it is seen, let go with it.

import NodKit
import SwiftUI

struct ScreenHost<S: Screen, Content: View>: View {
    private let screen: S.Type
    private let world: World
    private let first: @MainActor (ScreenModel<S>) -> Void
    private let content: (S.State, @escaping Tell<S.Event>) -> Content

    @State private var model: ScreenModel<S>?

    /// `first` is done once, with the new model.
    init(
        _ screen: S.Type, in world: World, first: @escaping @MainActor (ScreenModel<S>) -> Void,
        @ViewBuilder content: @escaping (S.State, @escaping Tell<S.Event>) -> Content
    ) {
        self.screen = screen
        self.world = world
        self.first = first
        self.content = content
    }

    /// `opened` is the first event, where there is one.
    init(
        _ screen: S.Type, in world: World, opened: S.Event? = nil,
        @ViewBuilder content: @escaping (S.State, @escaping Tell<S.Event>) -> Content
    ) {
        self.init(screen, in: world, first: { model in opened.map { model.send($0) } }, content: content)
    }

    var body: some View {
        Group {
            if let model {
                content(model.state) { model.send($0) }
            } else {
                Palette.page.ignoresSafeArea()
            }
        }
        .onAppear {
            guard model == nil else { return }
            let made = ScreenModel(screen, in: world)
            model = made
            first(made)
        }
        .task(id: model == nil) { await model?.live() }
    }
}
