// The same as WakeService, as an expedited job: for when a service may not begin from the background.
package nod.app.wake

import android.app.job.JobInfo
import android.app.job.JobParameters
import android.app.job.JobScheduler
import android.app.job.JobService
import android.content.ComponentName
import android.content.Context
import android.os.Build
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch
import nod.app.graph

private const val JOB = 1

class WakeJob : JobService() {
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)

    override fun onStartJob(parameters: JobParameters): Boolean {
        scope.launch {
            graph.wokenUp()
            jobFinished(parameters, false)
        }
        return true
    }

    /** Later would be too late: the challenge has ended by then. */
    override fun onStopJob(parameters: JobParameters): Boolean {
        scope.cancel()
        return false
    }

    override fun onDestroy() = scope.cancel()

    companion object {
        fun schedule(context: Context) {
            val job = JobInfo.Builder(JOB, ComponentName(context, WakeJob::class.java))
                .setRequiredNetworkType(JobInfo.NETWORK_TYPE_ANY)
            if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.S) job.setExpedited(true)
            context.getSystemService(JobScheduler::class.java)?.schedule(job.build())
        }
    }
}
