// A question over a screen: something cannot be undone, and the user says whether they mean it.
package nod.ui.components

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.widthIn
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.semantics.paneTitle
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import androidx.compose.ui.window.Dialog
import nod.ui.theme.Gap
import nod.ui.theme.Nod

/** `yes` does it; `no`, the way back and a tap outside do not. */
@Composable
fun Question(
    heading: String,
    text: String,
    yes: String,
    no: String,
    onYes: () -> Unit,
    onNo: () -> Unit,
    danger: Boolean = true,
    enabled: Boolean = true,
    more: (@Composable () -> Unit)? = null,
) {
    Dialog(onDismissRequest = onNo) {
        Surface(
            Modifier.widthIn(max = 420.dp).padding(Gap.s).semantics { paneTitle = heading },
            shape = MaterialTheme.shapes.large,
            color = Nod.colours.surface,
            contentColor = Nod.colours.text,
            shadowElevation = 8.dp,
        ) {
            Column(
                Modifier.verticalScroll(rememberScrollState()).padding(Gap.page),
                verticalArrangement = Arrangement.spacedBy(Gap.m),
            ) {
                Heading(heading, style = Nod.type.headlineSmall)
                Explanation(text)
                more?.invoke()
                Shares(Modifier.fillMaxWidth().padding(top = Gap.s), gap = Gap.m) {
                    OtherButton(no, onClick = onNo)
                    MainButton(yes, danger = danger, enabled = enabled, onClick = onYes)
                }
            }
        }
    }
}
