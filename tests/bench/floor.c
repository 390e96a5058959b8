/* SPDX-License-Identifier: Apache-2.0 */
/*
 * floor - only the mkdir, write and rmdir calls of a setup or a teardown
 *
 * The least that any program must do to reach the same state: a static program
 * that reads a list of calls from standard input and makes them, in order,
 * without looking at anything. One call a line, tab-separated:
 *   mkdir PATH | write PATH VALUE | rmdir PATH
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int do_write(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, value, strlen(value));
	close(fd);
	return n < 0 ? -1 : 0;
}

int main(void)
{
	static char calls[1 << 16];
	ssize_t len = read(STDIN_FILENO, calls, sizeof(calls) - 1);
	int failed = 0;

	for (char *line = len > 0 ? calls : NULL; line && *line;) {
		char *end = strchr(line, '\n');
		char *path = strchr(line, '\t');
		char *value = path ? strchr(path + 1, '\t') : NULL;

		if (!end || !path)
			return 2;
		*end = *path++ = '\0';
		if (value && value < end)
			*value++ = '\0';
		if (strcmp(line, "mkdir") == 0)
			failed |= mkdir(path, 0755);
		else if (strcmp(line, "rmdir") == 0)
			failed |= rmdir(path);
		else
			failed |= do_write(path, value);
		line = end + 1;
	}
	return failed ? 1 : 0;
}
