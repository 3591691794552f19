// Package transfer moves files between a program and the object storage of a backend.
//
// The backend's DataProxyService signs a URL for each object; the content then goes straight
// to the storage host, over HTTP. The signed URL is the permission: no other credential is
// sent there, and errors never contain its query. An exchange that fails for a passing reason
// is repeated, with a new URL once the old one has expired. Content is never held in memory,
// whatever its size, except for that of small readers.
//
// Call [New] with the DataProxy stub of a connection, then [Client.UploadFile],
// [Client.Upload] or [Client.UploadDir]; or [Client.DownloadFile] or [Client.Download] with
// a [Link], or with a [Client.Source] that has links signed again.
package transfer
