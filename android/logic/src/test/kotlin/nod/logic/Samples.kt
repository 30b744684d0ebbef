// What the tests of the screens are about.
package nod.logic

import kotlin.test.assertEquals

fun account(id: String = "a", label: String = "ada@example.org") =
    Account(id, "Fjordbanken", "fjordbanken.example", label, "relay.example", false, null, 0)

fun pending(id: String = "c", digits: Int = 2, context: Context = Context(), secondsLeft: Double = 25.0) =
    Pending(id, "a", "Fjordbanken", "fjordbanken.example", "ada@example.org", context, digits, 25.0, secondsLeft)

fun timed(id: String, secondsLeft: Double, code: String = "123456") =
    CodeEntry(id, "One", "ada", 6, CodeNow(code, "654321", secondsLeft, 30), 0)

fun counted(id: String) = CodeEntry(id, "Three", "ada", 6, null, 0)

fun move(side: MoveSide, stage: MoveStage, vararg states: MovingAccountState, codesArrived: Boolean = false) = Move(
    id = "m",
    side = side,
    stage = stage,
    otherPhone = "New phone",
    accounts = states.mapIndexed { at, state -> MovingAccount("a$at", "Fjordbanken", "ada", state) },
    codes = if (codesArrived) 2 else 0,
    codesArrived = codesArrived,
)

/** The state and the effects that one event leads to. */
fun <S, F> Next<S, F>.gives(state: S, vararg effects: F) = assertEquals(Next(state, effects.asList()), this)

/** The effects alone. */
fun <S, F> Next<S, F>.does(vararg effects: F): S {
    assertEquals(effects.asList(), this.effects)
    return state
}
