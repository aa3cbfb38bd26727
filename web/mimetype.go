package web

import (
	"mime"
	"path"
	"strings"
)

// contentTypes lists what browsers and tools are served most. It comes before
// the system's table, which differs from machine to machine.
var contentTypes = map[string]string{
	".avif": "image/avif", ".bmp": "image/bmp", ".gif": "image/gif", ".ico": "image/x-icon",
	".jpeg": "image/jpeg", ".jpg": "image/jpeg", ".png": "image/png", ".svg": "image/svg+xml",
	".tif": "image/tiff", ".tiff": "image/tiff", ".webp": "image/webp",

	".css": "text/css; charset=utf-8", ".csv": "text/csv; charset=utf-8", ".htm": "text/html; charset=utf-8",
	".html": "text/html; charset=utf-8", ".ics": "text/calendar; charset=utf-8",
	".js": "text/javascript; charset=utf-8", ".log": "text/plain; charset=utf-8",
	".lua": "text/plain; charset=utf-8", ".md": "text/markdown; charset=utf-8",
	".mjs": "text/javascript; charset=utf-8", ".text": "text/plain; charset=utf-8",
	".txt": "text/plain; charset=utf-8", ".vtt": "text/vtt; charset=utf-8", ".xml": "text/xml; charset=utf-8",

	".7z": "application/x-7z-compressed", ".atom": "application/atom+xml", ".bin": "application/octet-stream",
	".br": "application/x-brotli", ".bz2": "application/x-bzip2", ".gz": "application/gzip",
	".json": "application/json", ".jsonld": "application/ld+json", ".map": "application/json",
	".pdf": "application/pdf", ".rss": "application/rss+xml", ".rtf": "application/rtf",
	".tar": "application/x-tar", ".wasm": "application/wasm", ".webmanifest": "application/manifest+json",
	".xhtml": "application/xhtml+xml", ".xz": "application/x-xz", ".zip": "application/zip",

	".aac": "audio/aac", ".flac": "audio/flac", ".m4a": "audio/mp4", ".mp3": "audio/mpeg",
	".oga": "audio/ogg", ".ogg": "audio/ogg", ".opus": "audio/opus", ".wav": "audio/wav",
	".avi": "video/x-msvideo", ".mkv": "video/x-matroska", ".mov": "video/quicktime", ".mp4": "video/mp4",
	".mpeg": "video/mpeg", ".ogv": "video/ogg", ".ts": "video/mp2t", ".webm": "video/webm",

	".otf": "font/otf", ".ttf": "font/ttf", ".woff": "font/woff", ".woff2": "font/woff2",
}

// contentTypeOf returns the media type of a file by its name. What is unknown
// is served as bytes, which no browser takes for a page.
func contentTypeOf(name string) string {
	ext := strings.ToLower(path.Ext(name))
	if t, ok := contentTypes[ext]; ok {
		return t
	}
	if t := mime.TypeByExtension(ext); t != "" {
		return t
	}
	return "application/octet-stream"
}
