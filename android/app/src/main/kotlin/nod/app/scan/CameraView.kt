// The camera's picture with a reader of QR codes behind it: camera2, for as long as the view is there.
package nod.app.scan

import android.annotation.SuppressLint
import android.content.Context
import android.graphics.ImageFormat
import android.graphics.Matrix
import android.graphics.SurfaceTexture
import android.hardware.camera2.CameraAccessException
import android.hardware.camera2.CameraCaptureSession
import android.hardware.camera2.CameraCharacteristics
import android.hardware.camera2.CameraDevice
import android.hardware.camera2.CameraManager
import android.hardware.camera2.CameraMetadata
import android.hardware.camera2.CaptureRequest
import android.hardware.camera2.params.OutputConfiguration
import android.hardware.camera2.params.SessionConfiguration
import android.media.Image
import android.media.ImageReader
import android.os.Handler
import android.os.HandlerThread
import android.util.Log
import android.view.Surface
import android.view.TextureView
import java.util.concurrent.Executor

/** Shows the camera and calls `found` on the main thread with each text that it reads. The camera must be allowed. */
@SuppressLint("ViewConstructor")
class CameraView(context: Context, private val found: (String) -> Unit) :
    TextureView(context), TextureView.SurfaceTextureListener {
    private val manager = context.getSystemService(CameraManager::class.java)
    private var eye: Eye? = null

    init {
        surfaceTextureListener = this
    }

    override fun onSurfaceTextureAvailable(texture: SurfaceTexture, width: Int, height: Int) = open(texture)

    override fun onSurfaceTextureSizeChanged(texture: SurfaceTexture, width: Int, height: Int) = arrange(width, height)

    override fun onSurfaceTextureDestroyed(texture: SurfaceTexture): Boolean {
        close()
        return true
    }

    override fun onSurfaceTextureUpdated(texture: SurfaceTexture) = Unit

    /** The camera is somebody else's while the user looks at something else. */
    override fun onWindowVisibilityChanged(visibility: Int) {
        super.onWindowVisibilityChanged(visibility)
        val texture = surfaceTexture
        if (visibility != VISIBLE) close() else if (texture != null) open(texture)
    }

    private fun open(texture: SurfaceTexture) {
        if (eye != null) return
        val camera = manager?.let(::backCamera) ?: return
        texture.setDefaultBufferSize(camera.size.width, camera.size.height)
        eye = Eye(manager, camera, Surface(texture)) { text -> post { if (isAttachedToWindow) found(text) } }.also { it.open() }
        arrange(width, height)
    }

    private fun close() {
        eye?.close()
        eye = null
    }

    private fun arrange(width: Int, height: Int) {
        val camera = eye?.camera ?: return
        if (width == 0 || height == 0) return
        val fit = fit(Size(width, height), camera.size, camera.degrees, display?.rotation ?: 0)
        val matrix = Matrix()
        matrix.postScale(fit.scaleX, fit.scaleY, width / 2f, height / 2f)
        matrix.postRotate(fit.degrees, width / 2f, height / 2f)
        setTransform(matrix)
    }
}

private class Camera(val id: String, val size: Size, val degrees: Int)

private fun backCamera(manager: CameraManager): Camera? =
    try {
        val all = manager.cameraIdList.map { it to manager.getCameraCharacteristics(it) }
        val back = all.firstOrNull { (_, has) ->
            has[CameraCharacteristics.LENS_FACING] == CameraMetadata.LENS_FACING_BACK
        } ?: all.firstOrNull()
        back?.let { (id, has) ->
            val sizes = has[CameraCharacteristics.SCALER_STREAM_CONFIGURATION_MAP]
                ?.getOutputSizes(ImageFormat.YUV_420_888)
                ?.map { Size(it.width, it.height) }
            chosenSize(sizes.orEmpty())?.let { Camera(id, it, has[CameraCharacteristics.SENSOR_ORIENTATION] ?: 0) }
        }
    } catch (failed: CameraAccessException) {
        Log.w("nod", "no camera: ${failed.reason}")
        null
    }

/** An open camera: its picture goes to `shown`, and what is read in it to `found`. */
private class Eye(
    private val manager: CameraManager,
    val camera: Camera,
    private val shown: Surface,
    private val found: (String) -> Unit,
) {
    private val thread = HandlerThread("camera").apply { start() }
    private val handler = Handler(thread.looper)
    private val executor = Executor { handler.post(it) }
    private val pictures = ImageReader.newInstance(camera.size.width, camera.size.height, ImageFormat.YUV_420_888, 2)
    private val reader = QrReader()
    private var row = ByteArray(0)
    private var device: CameraDevice? = null
    private var closed = false

    /** Whether the system still has to say what became of opening it. */
    @Volatile
    private var opening = false

    @SuppressLint("MissingPermission") // The view is made once the camera is allowed; a refusal is caught.
    fun open() {
        pictures.setOnImageAvailableListener({ it.acquireLatestImage()?.use(::look) }, handler)
        opening = true
        try {
            manager.openCamera(camera.id, executor, opened)
        } catch (failed: CameraAccessException) {
            opening = false
            Log.w("nod", "the camera does not open: ${failed.reason}")
        } catch (_: SecurityException) {
            opening = false
            Log.w("nod", "the camera is not allowed any more")
        }
    }

    fun close() {
        handler.post {
            closed = true
            device?.close()
            device = null
            pictures.close()
            shown.release()
            leave()
        }
    }

    /** The thread stays until a camera that is still being opened can be closed. */
    private fun leave() {
        if (closed && !opening) thread.quitSafely()
    }

    private fun look(picture: Image) {
        if (closed) return
        val plane = picture.planes[0]
        val bytes = plane.buffer
        // The last row may end with the picture, before its stride does.
        val size = plane.rowStride * picture.height
        if (row.size != size) row = ByteArray(size)
        bytes.get(row, 0, minOf(bytes.remaining(), size))
        reader.read(row, plane.rowStride, picture.width, picture.height)?.let(found)
    }

    private val opened = object : CameraDevice.StateCallback() {
        override fun onOpened(camera: CameraDevice) {
            opening = false
            if (closed) {
                camera.close()
                leave()
                return
            }
            device = camera
            try {
                record(camera)
            } catch (failed: CameraAccessException) {
                Log.w("nod", "the camera does not start: ${failed.reason}")
            }
        }

        override fun onDisconnected(camera: CameraDevice) = lost(camera)

        override fun onError(camera: CameraDevice, error: Int) {
            Log.w("nod", "the camera failed: $error")
            lost(camera)
        }

        private fun lost(camera: CameraDevice) {
            opening = false
            camera.close()
            leave()
        }
    }

    private fun record(camera: CameraDevice) {
        val request = camera.createCaptureRequest(CameraDevice.TEMPLATE_PREVIEW).apply {
            addTarget(shown)
            addTarget(pictures.surface)
            set(CaptureRequest.CONTROL_AF_MODE, CameraMetadata.CONTROL_AF_MODE_CONTINUOUS_PICTURE)
        }.build()
        val outputs = listOf(OutputConfiguration(shown), OutputConfiguration(pictures.surface))
        val told = object : CameraCaptureSession.StateCallback() {
            override fun onConfigured(session: CameraCaptureSession) {
                if (closed) return
                try {
                    session.setRepeatingRequest(request, null, handler)
                } catch (failed: CameraAccessException) {
                    Log.w("nod", "the camera stops: ${failed.reason}")
                } catch (_: IllegalStateException) {
                    // Closed in the meantime.
                    return
                }
            }

            override fun onConfigureFailed(session: CameraCaptureSession) {
                Log.w("nod", "the camera takes no pictures of this size")
            }
        }
        camera.createCaptureSession(SessionConfiguration(SessionConfiguration.SESSION_REGULAR, outputs, executor, told))
    }
}
