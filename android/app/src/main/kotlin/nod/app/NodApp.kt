// The process of the app.
package nod.app

import android.app.Application
import android.content.Context
import android.content.res.Configuration

class NodApp : Application() {
    /** Everything that lives as long as the process. */
    lateinit var graph: Graph
        private set

    override fun onCreate() {
        super.onCreate()
        graph = Graph(this)
        graph.begin()
    }

    override fun onConfigurationChanged(changed: Configuration) {
        super.onConfigurationChanged(changed)
        graph.notifications.makeChannels()
    }
}

/** The app's graph. */
val Context.graph: Graph get() = (applicationContext as NodApp).graph
