// Package kernel runs code in a Jupyter kernel, over the websocket that a Jupyter server
// has for each of its kernels.
//
// A server has two forms of the kernel's messages, and says during the handshake which one
// it speaks: binary frames (v1.kernel.websocket.jupyter.org), or JSON in text frames. The
// package offers the first, and speaks either. A run is over when the kernel has sent both
// its reply and its state idle, in either order. Whatever ends it before that is an error:
// a socket that closes, a kernel that dies, a context that ends; none of them is taken for
// a short success.
//
// Call [Dial] with the address of the kernel's channels, then [Conn.Run].
//
// # When a run ends early
//
// If the context of a Run ends, or its output exceeds a limit, Run returns at once, and
// the connection stays usable. The code continues in the kernel until it is done or is
// interrupted, by POST .../api/kernels/{id}/interrupt, which [WithInterrupt] does at that
// moment. The next Run waits until the kernel is done with the one before, whose further
// output is discarded.
//
// # Kernels that die
//
// A kernel that dies in the middle of a run sends no reply: the server says "restarting",
// and the run ends with [ErrKernelDied]. So does the connection: the server may have started
// another kernel, which has none of the variables. Dial again to use that. A kernel that
// dies between two runs ends the connection too: see [Conn.Done].
//
// The first Run of a connection asks the kernel for its kind, until it answers: a kernel
// that has just been restarted may miss what is sent to it.
package kernel
