// Draws every screen to PNG and checks it. Arguments: the folder for the pictures, the folder with Roboto, and, to look at
// some screens only, a regular expression for their names and one for the variants.
package nod.screens

import java.io.File
import kotlin.system.exitProcess
import nod.logic.words.Language
import org.jetbrains.skia.Image

private val variants: List<Variant> = buildList {
    for (language in listOf(Language.EN, Language.SV)) for (dark in listOf(false, true)) for (scale in listOf(1f, 2f)) add(Variant(language, dark, scale))
    for (language in listOf(Language.NB, Language.DA)) add(Variant(language, dark = false, scale = 1f))
    add(Variant(Language.SV, dark = false, scale = 1f, width = 800, height = 360))
}

private var passed = 0
private var failed = 0

private fun check(name: String, faults: List<String>) {
    if (faults.isEmpty()) {
        passed++
        println("ok $name")
    } else {
        failed++
        println("not ok $name")
        for (fault in faults) println("   $fault")
    }
}

fun main(args: Array<String>) {
    val (out, fonts) = args.take(2).map(::File)
    val chosen = Regex(args.getOrElse(2) { "" })
    val chosenVariants = Regex(args.getOrElse(3) { "" })
    val scenes = Scenes(fonts)
    for (dark in listOf(false, true)) check("the colours of the ${if (dark) "dark" else "light"} theme can be told apart", tooClose(dark))
    check("codes are spoken digit by digit", if (isSpokenRight()) emptyList() else listOf("they are not"))
    for (variant in variants.filter { chosenVariants.containsMatchIn(it.name) }) {
        val folder = out.resolve(variant.name).apply { mkdirs() }
        val tongue = Tongue(variant.language)
        val pictures = samples.filter { chosen.containsMatchIn(it.name) }.map { sample -> picture(scenes, sample, variant, folder, tongue) }
        pictures.chunked(SHEET).forEachIndexed { index, some ->
            out.resolve("sheet-${variant.name}-${index + 1}.png").writeBytes(sheet(some.filterNotNull(), COLUMNS, WIDTH))
        }
        out.resolve("all-${variant.name}.png").writeBytes(sheet(pictures.filterNotNull(), ALL_COLUMNS, ALL_WIDTH))
    }
    println("$passed passed, $failed failed")
    exitProcess(if (failed == 0) 0 else 1)
}

private const val SHEET = 8
private const val COLUMNS = 4
private const val WIDTH = 360
private const val ALL_COLUMNS = 14
private const val ALL_WIDTH = 150

/** Draws one picture as long as the screen is, says what is wrong with it, and gives it at half its size. */
private fun picture(scenes: Scenes, sample: Sample, variant: Variant, folder: File, tongue: Tongue): Image? {
    val name = "${sample.name} ${variant.name}"
    return try {
        scenes.drawAll(sample, variant) { image, roots, height ->
            val strangers = tongue.strangers(wordsOf(roots)).map { "not in this language: “$it”" }
            val tooLong = sample.fits && variant.scale == 1f && variant.width == 360 && height > variant.height
            folder.resolve("${sample.name}.png").writeBytes(png(image))
            check(name, faults(roots, sample.over) + strangers + listOfNotNull("has to scroll: it is $height dp high".takeIf { tooLong }))
            reduced(image, WIDTH)
        }
    } catch (@Suppress("TooGenericExceptionCaught") error: Throwable) {
        check(name, listOf("cannot be drawn: ${error.stackTraceToString().lines().take(12).joinToString("\n   ")}"))
        null
    }
}
