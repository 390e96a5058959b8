/* SPDX-License-Identifier: Apache-2.0 */
/*
 * input - documents, read whole and capped
 */
#include "hook/input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "oci/json.h"

enum { MAX_BYTES = 2 * JSON_MAX_BYTES + 4096 };

/* A first guess at the size: what fstat says, for a pipe a page or two. */
static size_t first_size(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 && st.st_size < MAX_BYTES)
		return (size_t)st.st_size + 1;
	return 8192;
}

int input_read(const char **ret, size_t *ret_len, int fd, const char *name, struct arena *a,
	       struct error *e)
{
	size_t cap = first_size(fd), len = 0;
	char *buf = arena_alloc(a, cap + 1);

	for (;;) {
		ssize_t n;

		if (len == cap) {
			char *more = arena_alloc(a, cap * 2 + 1);

			memcpy(more, buf, len);
			buf = more;
			cap *= 2;
		}
		n = read(fd, buf + len, cap - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set_os(e, ERROR_INPUT, errno, "%s: cannot read", name);
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > MAX_BYTES)
			return error_set(e, ERROR_INPUT, "%s: more than %d MiB", name,
					 JSON_MAX_BYTES >> 20);
	}
	buf[len] = '\0';
	*ret = buf;
	*ret_len = len;
	return 0;
}

static int read_regular(const char **ret, size_t *ret_len, int fd, const char *path,
			struct arena *a, struct error *e)
{
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return error_set(e, ERROR_INPUT, "%s: is not a regular file", path);
	}
	r = input_read(ret, ret_len, fd, path, a, e);
	close(fd);
	return r;
}

int input_file(const char **ret, size_t *ret_len, const char *path, struct arena *a,
	       struct error *e)
{
	int fd;

	if (strcmp(path, "-") == 0)
		return input_read(ret, ret_len, STDIN_FILENO, "standard input", a, e);
	/* O_NONBLOCK: a FIFO must not hang us before we see that it is one. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && errno == ENOENT)
		return INPUT_ABSENT;
	if (fd < 0)
		return error_set_os(e, ERROR_INPUT, errno, "%s: cannot open", path);
	return read_regular(ret, ret_len, fd, path, a, e);
}

int input_config(const char **ret, size_t *ret_len, const char *bundle, struct arena *a,
		 struct error *e)
{
	const char *path = arena_printf(a, "%s/config.json", bundle);
	int dir, fd, err;

	dir = open(bundle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return error_set_os(e, ERROR_INPUT, errno, "bundle %s: cannot open the directory",
				    bundle);
	fd = openat(dir, "config.json", O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	err = errno;
	close(dir);
	if (fd < 0 && err == ENOENT)
		return INPUT_ABSENT;
	if (fd < 0)
		return error_set_os(e, ERROR_INPUT, err, "%s: cannot open", path);
	return read_regular(ret, ret_len, fd, path, a, e);
}

int input_proc(const char **ret, size_t *ret_len, const char *path, struct arena *a)
{
	int fd, r;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	r = input_read(ret, ret_len, fd, path, a, NULL);
	close(fd);
	return r;
}
