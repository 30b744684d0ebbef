// What the flavour with FCM names of Google's tasks.
@file:Suppress("UNUSED_PARAMETER")

package com.google.android.gms.tasks

fun interface OnSuccessListener<in T> {
    fun onSuccess(result: T)
}

abstract class Task<T> {
    abstract fun addOnSuccessListener(listener: OnSuccessListener<in T>): Task<T>
}
