// The test vectors of the protocol, replayed through the library as an app loads it.
package nod.bindings

import java.io.File
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertNull
import kotlin.test.assertTrue
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.jsonPrimitive
import nod.bindings.world.text
import uniffi.nod_ffi.NodException
import uniffi.nod_ffi.ScannedText
import uniffi.nod_ffi.scan
import uniffi.nod_ffi.vectorAnswerVerifies
import uniffi.nod_ffi.vectorCheckCode
import uniffi.nod_ffi.vectorOpens

/** Where the repository begins. */
val repository = File(checkNotNull(System.getProperty("nod.repository")) { "nod.repository is not set" })

class VectorsTest {
    @Test
    fun `QR texts lead to the relay that they name`() {
        for (case in vectors("qr").list("valid")) {
            val scanned = scan(case.text("text")) as ScannedText.Enrolment
            assertEquals(case.text("relay"), scanned.relay)
        }
    }

    @Test
    fun `malformed QR texts are refused`() {
        for (text in vectors("qr").elements("invalid")) {
            assertFailsWith<NodException>(text.toString()) { scan(text.jsonPrimitive.content) }
        }
    }

    @Test
    fun `check codes are the ones that both sides compute`() {
        for (case in vectors("check_code").list("cases")) {
            assertEquals(case.text("code"), vectorCheckCode(case.text("secret"), case.text("e1"), case.text("e2")))
        }
    }

    @Test
    fun `a signed answer verifies and nothing else passes for one`() {
        val vectors = vectors("jws")
        for (case in vectors.list("valid")) {
            val key = case.getValue("key") as JsonObject
            val verifies = vectorAnswerVerifies(case.text("compact"), key.text("x"), key.text("y"))
            assertEquals(case.text("typ") == "nod-answer+jwt", verifies, case.text("name"))
        }
        val key = vectors.getValue("approve_key") as JsonObject
        for (case in vectors.list("invalid")) {
            assertFalse(vectorAnswerVerifies(case.text("compact"), key.text("x"), key.text("y")), case.text("name"))
        }
    }

    @Test
    fun `an encrypted challenge opens and altered ones do not`() {
        val vectors = vectors("jwe")
        val key = vectors.text("private_key")
        for (case in vectors.list("valid")) assertEquals(case.text("plaintext"), vectorOpens(case.text("compact"), key))
        for (case in vectors.list("invalid")) assertNull(vectorOpens(case.text("compact"), key), case.text("name"))
    }

    private fun vectors(name: String): JsonObject {
        val text = repository.resolve("tests/vectors/$name.json").readText()
        return Json.parseToJsonElement(text) as JsonObject
    }

    /** No list of cases is empty: a loop over nothing would pass. */
    private fun JsonObject.elements(member: String): List<JsonElement> =
        (getValue(member) as JsonArray).also { assertTrue(it.isNotEmpty(), member) }

    private fun JsonObject.list(member: String): List<JsonObject> = elements(member).map { it as JsonObject }
}
