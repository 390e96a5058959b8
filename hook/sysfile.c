/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sysfile - small files of the kernel, read whole
 */
#include "hook/sysfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_SIZE = 4096 };

/* read(2) that a signal does not disturb: bytes read, or -errno. */
static ssize_t read_some(int fd, char *buf, size_t size)
{
	ssize_t n;

	do
		n = read(fd, buf, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* Read to the end. What fits into first costs no more arena than its length. */
static int read_all(int fd, struct arena *a, const char **ret, size_t *ret_len)
{
	char first[FIRST_SIZE], *buf = first;
	size_t size = sizeof(first), len = 0;

	for (;;) {
		ssize_t n;

		n = read_some(fd, buf + len, size - len);
		if (n < 0)
			return (int)-n;
		if (n == 0)
			break;
		len += (size_t)n;
		if (len == size) {
			char *bigger = arena_alloc(a, size * 4);

			memcpy(bigger, buf, len);
			buf = bigger;
			size *= 4;
		}
	}
	/* A buffer of the arena always has room behind len: it grows when full. */
	if (buf == first)
		buf = arena_copy(a, first, len);
	else
		buf[len] = '\0';
	*ret = buf;
	if (ret_len)
		*ret_len = len;
	return 0;
}

int sysfile_read(const char **ret, size_t *ret_len, struct arena *a, const char *path)
{
	int fd, r;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	r = read_all(fd, a, ret, ret_len);
	close(fd);
	return r;
}

int sysfile_read_line(const char **ret, struct arena *a, const char *path)
{
	const char *text = "";
	size_t len = 0;
	int r;

	r = sysfile_read(&text, &len, a, path);
	if (r > 0)
		return r;
	while (len > 0 && strchr(" \t\n", text[len - 1]))
		len--;
	*ret = arena_copy(a, text, len);
	return 0;
}

int sysfile_count_lines(size_t *ret, const char *path)
{
	char buf[FIRST_SIZE];
	size_t lines = 0;
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	while ((n = read_some(fd, buf, sizeof(buf))) > 0)
		for (ssize_t i = 0; i < n; i++)
			lines += buf[i] == '\n';
	close(fd);
	if (n < 0)
		return (int)-n;
	*ret = lines;
	return 0;
}
