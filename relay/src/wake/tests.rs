//! Wake-ups against push services of our own.
