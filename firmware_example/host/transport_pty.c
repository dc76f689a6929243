#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "transport.h"

typedef struct {
    transport_t base;
    int slave_fd; /* kept open: otherwise each client that leaves hangs the terminal up */
    char slave_path[128];
    char link_path[PATH_MAX];
} pty_t;

static pty_t pty = {{-1, -1, NULL, NULL, NULL, NULL}, -1, "", ""};

static transport_t *fail(const char *what, const char *subject) {
    fprintf(stderr, "--pty: cannot %s %s: %s\n", what, subject, strerror(errno));
    if (pty.slave_fd >= 0) {
        (void)close(pty.slave_fd);
    }
    if (pty.base.fd >= 0) {
        (void)close(pty.base.fd);
    }
    return NULL;
}

/* Whether the link, if there is one, leads to our terminal and not to that of a later process. */
static bool link_is_ours(void) {
    char target[sizeof pty.slave_path];
    const ssize_t size = readlink(pty.link_path, target, sizeof target - 1u);

    if (size < 0) {
        return false;
    }
    target[size] = '\0';
    return strcmp(target, pty.slave_path) == 0;
}

static void close_pty(transport_t *transport) {
    (void)transport;
    if (link_is_ours()) {
        (void)unlink(pty.link_path);
    }
    (void)close(pty.slave_fd);
    (void)close(pty.base.fd);
}

static bool is_free_for_a_link(const char *path) {
    struct stat status;

    if (lstat(path, &status) != 0) {
        return errno == ENOENT;
    }
    errno = EEXIST;
    return S_ISLNK(status.st_mode);
}

/* In one step, so that somebody who waits for the name never sees a half-made one. */
static bool create_link(void) {
    char new_path[PATH_MAX + 4];

    (void)snprintf(new_path, sizeof new_path, "%s.new", pty.link_path);
    if (is_free_for_a_link(new_path)) {
        (void)unlink(new_path); /* left behind by a process that was killed */
    }
    if (symlink(pty.slave_path, new_path) != 0) {
        return false;
    }
    if (rename(new_path, pty.link_path) != 0) {
        const int error = errno;

        (void)unlink(new_path);
        errno = error;
        return false;
    }
    return true;
}

static bool set_raw(int fd) {
    struct termios settings;

    if (tcgetattr(fd, &settings) != 0) {
        return false;
    }
    cfmakeraw(&settings);
    return tcsetattr(fd, TCSANOW, &settings) == 0;
}

transport_t *transport_open_pty(const char *link_path) {
    const char *slave_path;

    if (strlen(link_path) >= sizeof pty.link_path) {
        fprintf(stderr, "--pty: the path is longer than %u octets\n",
                (unsigned int)sizeof pty.link_path - 1u);
        return NULL;
    }
    strcpy(pty.link_path, link_path);
    if (!is_free_for_a_link(link_path)) {
        if (errno != EEXIST) {
            return fail("look at", link_path);
        }
        fprintf(stderr, "--pty: %s exists and is no symbolic link; choose another name\n",
                link_path);
        return NULL;
    }

    pty.base.fd = posix_openpt(O_RDWR | O_NOCTTY);
    if (pty.base.fd < 0 || grantpt(pty.base.fd) != 0 || unlockpt(pty.base.fd) != 0) {
        return fail("create", "a pseudo terminal");
    }
    slave_path = ptsname(pty.base.fd);
    if (slave_path == NULL || strlen(slave_path) >= sizeof pty.slave_path) {
        return fail("name", "the pseudo terminal");
    }
    strcpy(pty.slave_path, slave_path);
    pty.slave_fd = open(pty.slave_path, O_RDWR | O_NOCTTY);
    if (pty.slave_fd < 0) {
        return fail("open", pty.slave_path);
    }
    if (!set_raw(pty.slave_fd) || transport_set_nonblocking(pty.base.fd) != 0) {
        return fail("set up", pty.slave_path);
    }
    if (!create_link()) {
        return fail("create the link", link_path);
    }

    pty.base.read = transport_fd_read;
    pty.base.write = transport_fd_write;
    pty.base.close = close_pty;
    printf("pty %s -> %s\n", pty.link_path, pty.slave_path);
    (void)fflush(stdout);
    return &pty.base;
}
