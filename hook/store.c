/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store - the records on disk
 *
 * The lock is a file of its own because the record's inode changes with every
 * rename. A lock file is removed by its holder when no record is left; whoever
 * got hold of a removed one notices that it has no name any more and starts
 * over.
 */
#include "hook/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "hook/input.h"
#include "oci/json.h"
#include "oci/json_scan.h"

#define RECORD_SUFFIX ".json"
#define HALF_SUFFIX   ".json.new" /* a record that is being written */
#define NOTE_SUFFIX   ".note"     /* a note that is being written */
#define LOCK_SUFFIX   ".lock"

/* Room for an id of 1024 bytes would exceed NAME_MAX; the kernel tells the caller. */
static const char *file_name(char buf[1100], const char *id, const char *suffix)
{
	snprintf(buf, 1100, "%s%s", id, suffix);
	return buf;
}

/* mkdir -p, each with mode 0700 where it was missing. */
static int make_path(const char *root)
{
	char path[4096];
	size_t n = strlen(root);

	if (n >= sizeof(path))
		return ENAMETOOLONG;
	memcpy(path, root, n + 1);
	for (char *at = path + 1;; at++) {
		char c = *at;

		if (c && c != '/')
			continue;
		*at = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return errno;
		*at = c;
		if (!c)
			return 0;
	}
}

int store_open(struct store *s, const char *root, bool make, struct error *e)
{
	struct statfs fs;
	struct stat st;
	int err = 0;

	*s = STORE_NONE;
	s->root = root;
	s->dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0 && errno == ENOENT && !make)
		return STORE_ABSENT;
	if (s->dir < 0 && errno == ENOENT) {
		err = make_path(root);
		s->dir = err ? -1 : open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (s->dir < 0 || fstat(s->dir, &st) < 0 || fstatfs(s->dir, &fs) < 0)
		return error_set_os(e, ERROR_HOST, err ? err : errno,
				    "%s: cannot open the run directory (--root)", root);
	if ((st.st_mode & 022) || (st.st_uid != 0 && st.st_uid != geteuid()))
		return error_set(
		    e, ERROR_HOST,
		    "%s: the run directory belongs to user %u with mode %04o: records of "
		    "root must be out of the reach of others; make it 0700",
		    root, (unsigned)st.st_uid, (unsigned)(st.st_mode & 07777));
	s->synced = fs.f_type != TMPFS_MAGIC;
	return 0;
}

/* Open and lock once; 0 done, EWOULDBLOCK held by another, EAGAIN the file lost its name. */
static int try_lock(struct store *s, const char *name)
{
	struct stat st;
	int fd, err = 0;

	fd = openat(s->dir, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		err = errno;
	else if (fstat(fd, &st) < 0)
		err = errno;
	else if (st.st_nlink == 0)
		err = EAGAIN;
	if (err) {
		close(fd);
		return err == EWOULDBLOCK ? EBUSY : err;
	}
	s->lock = fd;
	return 0;
}

int store_lock(struct store *s, const char *id, unsigned timeout_ms, struct error *e)
{
	unsigned waited_ms = 0, pause_ms = 1;
	char name[1100];
	int err;

	s->id = id;
	if (strlen(id) > NAME_MAX - strlen(HALF_SUFFIX))
		return STORE_ABSENT;
	file_name(name, id, LOCK_SUFFIX);
	for (;;) {
		err = try_lock(s, name);
		if (err == 0)
			return 0;
		if (err == EAGAIN || err == EINTR)
			continue;
		if (err != EBUSY || waited_ms >= timeout_ms)
			break;
		nanosleep(&(struct timespec){.tv_nsec = pause_ms * 1000000L}, NULL);
		waited_ms += pause_ms;
		pause_ms = pause_ms < 50 ? pause_ms * 2 : 50;
	}
	if (err == EBUSY && timeout_ms == 0)
		return STORE_BUSY;
	if (err == EBUSY)
		return error_set(
		    e, ERROR_HOST,
		    "%s/%s: another vmcg has been working on container %s for more than "
		    "%u ms; see who holds it with fuser(1)",
		    s->root, name, id, timeout_ms);
	return error_set_os(e, ERROR_HOST, err, "%s/%s: cannot lock the record", s->root, name);
}

bool store_is_busy(const struct store *s, const char *id)
{
	char name[1100];
	bool busy;
	int fd;

	fd = openat(s->dir, file_name(name, id, LOCK_SUFFIX), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return false;
	busy = flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
	close(fd);
	return busy;
}

int store_load(struct record *ret, const struct store *s, const char *id, struct arena *a,
	       struct error *e)
{
	const char *bytes, *path;
	char name[1100];
	size_t len;
	int fd, r;

	path = arena_printf(a, "%s/%s", s->root, file_name(name, id, RECORD_SUFFIX));
	fd = openat(s->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && (errno == ENOENT || errno == ENAMETOOLONG))
		return STORE_ABSENT;
	if (fd < 0)
		return error_set_os(e, ERROR_HOST, errno, "%s: cannot open the record", path);
	r = input_read(&bytes, &len, fd, path, a, e);
	close(fd);
	if (r < 0) {
		if (e)
			e->kind = ERROR_HOST;
		return -1;
	}
	if (record_parse(ret, a, path, bytes, len, e) < 0)
		return -1;
	/* Renamed or edited: its marks and processes are another container's. */
	if (strcmp(ret->id, id) != 0)
		return error_set(e, ERROR_HOST,
				 "%s: this is the record of container \"%s\": look at it, then "
				 "rename or remove it",
				 path, ret->id);
	return 0;
}

int store_text(const char **ret, const struct store *s, const char *id, struct arena *a)
{
	char name[1100];
	size_t len;
	int fd, r;

	fd = openat(s->dir, file_name(name, id, RECORD_SUFFIX), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return STORE_ABSENT;
	r = input_read(ret, &len, fd, name, a, NULL);
	close(fd);
	return r < 0 ? STORE_ABSENT : 0;
}

static int write_all(int fd, const char *s, size_t n)
{
	while (n) {
		ssize_t w = write(fd, s, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return errno;
		s += w;
		n -= (size_t)w;
	}
	return 0;
}

/* A record must be read again. Before the first step it must leave room for what the steps will
 * have to say: afterwards it may be too late. */
static int refuse_unreadable(const struct store *s, const struct record *r, const struct text *out,
			     const char *name, struct error *e)
{
	unsigned room = r->status == RECORD_INTENT ? 2 : 1;
	const char *what;

	/* The kernel lets any bytes name a cgroup. */
	if (json_scan(out->s, out->len, &what) != out->len)
		return error_set(
		    e, ERROR_FAILED,
		    "%s/%s: cannot write the record: a cgroup of the process has a name "
		    "that is no text (%s)",
		    s->root, name, what);
	if (out->len > (size_t)JSON_MAX_BYTES / room ||
	    json_scan_values(out->s, out->len) > (size_t)JSON_MAX_VALUES / room)
		return error_set(
		    e, room > 1 ? ERROR_INPUT : ERROR_FAILED,
		    "%s/%s: the record would be too long to be read again (%zu bytes, "
		    "linux.resources and %zu steps): give linux.resources fewer entries",
		    s->root, name, out->len, r->n_steps);
	return 0;
}

int store_save(const struct store *s, const struct record *r, struct error *e)
{
	struct text out = {0};
	char name[1100], temp[1100];
	int fd, err;

	file_name(name, s->id, RECORD_SUFFIX);
	file_name(temp, s->id, HALF_SUFFIX);
	record_json(r, &out);
	if (refuse_unreadable(s, r, &out, name, e) < 0) {
		text_free(&out);
		return -1;
	}
	fd = openat(s->dir, temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	err = fd < 0 ? errno : write_all(fd, out.s, out.len);
	text_free(&out);
	if (!err && s->synced && fsync(fd) < 0)
		err = errno;
	if (fd >= 0 && close(fd) < 0 && !err)
		err = errno;
	if (!err && renameat(s->dir, temp, s->dir, name) < 0)
		err = errno;
	if (!err && s->synced && fsync(s->dir) < 0)
		err = errno;
	if (!err)
		return 0;
	unlinkat(s->dir, temp, 0);
	error_set_os(e, ERROR_FAILED, err, "%s/%s: cannot write the record", s->root, name);
	return err == ENOSPC || err == EDQUOT
		   ? error_add(e, "; free space there and run the command again")
		   : -1;
}

int store_remove(const struct store *s, struct error *e)
{
	char name[1100];

	file_name(name, s->id, RECORD_SUFFIX);
	if (unlinkat(s->dir, name, 0) < 0 && errno != ENOENT)
		return error_set_os(e, ERROR_FAILED, errno, "%s/%s: cannot remove the record",
				    s->root, name);
	return 0;
}

void store_note(const struct store *s, const char *name, const char *text)
{
	char temp[1100];
	int fd, err;

	file_name(temp, s->id, NOTE_SUFFIX);
	fd = openat(s->dir, temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	err = fd < 0 ? errno : write_all(fd, text, strlen(text));
	if (fd >= 0 && close(fd) < 0)
		err = errno;
	if (err || renameat(s->dir, temp, s->dir, name) < 0)
		unlinkat(s->dir, temp, 0);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The id that a file belongs to by its suffix, in the arena; NULL: it has another one. */
static const char *id_of(const char *name, const char *suffix, struct arena *a)
{
	size_t len = strlen(name), tail = strlen(suffix);

	if (len <= tail || strcmp(name + len - tail, suffix) != 0)
		return NULL;
	return arena_copy(a, name, len - tail);
}

/* The ids of all files with one of these suffixes (NULL-terminated), sorted; one that has several
 * of them stands there as often. */
static int list_ids(const char ***ret, size_t *ret_n, const struct store *s,
		    const char *const *suffixes, struct arena *a, struct error *e)
{
	const char **ids = NULL;
	struct dirent *entry;
	size_t n = 0;
	DIR *dir;
	int fd;

	fd = openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		error_set_os(e, ERROR_HOST, errno, "%s: cannot list the records", s->root);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while ((entry = readdir(dir))) {
		const char *id = NULL;

		for (size_t i = 0; suffixes[i] && !id; i++)
			id = id_of(entry->d_name, suffixes[i], a);
		if (id)
			*ARENA_APPEND(a, ids, n) = id;
	}
	closedir(dir);
	if (n)
		qsort(ids, n, sizeof(*ids), by_name);
	*ret = ids;
	*ret_n = n;
	return 0;
}

int store_list(const char ***ret, size_t *ret_n, const struct store *s, struct arena *a,
	       struct error *e)
{
	static const char *const suffixes[] = {RECORD_SUFFIX, NULL};

	return list_ids(ret, ret_n, s, suffixes, a, e);
}

static bool has_record(const struct store *s, const char *id)
{
	char name[1100];

	return faccessat(s->dir, file_name(name, id, RECORD_SUFFIX), F_OK, 0) == 0 ||
	       errno != ENOENT;
}

int store_leftovers(const char ***ret, size_t *ret_n, const struct store *s, struct arena *a,
		    struct error *e)
{
	static const char *const suffixes[] = {LOCK_SUFFIX, HALF_SUFFIX, NOTE_SUFFIX, NULL};
	const char **ids = NULL;
	size_t n = 0, kept = 0;

	if (list_ids(&ids, &n, s, suffixes, a, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if ((kept == 0 || strcmp(ids[kept - 1], ids[i]) != 0) && !has_record(s, ids[i]))
			ids[kept++] = ids[i];
	*ret = ids;
	*ret_n = kept;
	return 0;
}

void store_sweep(const struct store *s)
{
	char name[1100];

	unlinkat(s->dir, file_name(name, s->id, HALF_SUFFIX), 0);
	unlinkat(s->dir, file_name(name, s->id, NOTE_SUFFIX), 0);
}

void store_close(struct store *s)
{
	if (s->lock >= 0) {
		char name[1100];

		/* Under the lock: nobody can be writing a record of this id. One that was killed
		 * while writing has left its temporary file. */
		if (!has_record(s, s->id)) {
			unlinkat(s->dir, file_name(name, s->id, HALF_SUFFIX), 0);
			unlinkat(s->dir, file_name(name, s->id, LOCK_SUFFIX), 0);
		}
		close(s->lock);
	}
	if (s->dir >= 0)
		close(s->dir);
	*s = STORE_NONE;
}
