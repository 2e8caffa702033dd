package jobs

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"signpost/bot/store"
)

// crashEnv makes the test binary a bot that is there to be killed: it names
// the folder with the database, the stand-in for the Slack thread, and
// (crashStepEnv) whether to wait for leave to go on after each report.
const (
	crashEnv     = "SIGNPOST_TEST_CRASH"
	crashStepEnv = "SIGNPOST_TEST_CRASH_STEP"
	crashCases   = 6
)

// crashChild delivers some messages, answers their cases, and says on standard
// output after each step what it did. It ends when all is done.
func crashChild() {
	if err := crashBot(context.Background(), os.Getenv(crashEnv), os.Getenv(crashStepEnv) != ""); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func crashBot(ctx context.Context, dir string, step bool) error {
	db, err := Open(ctx, "sqlite:"+dir+"/signpost.db", nil)
	if err != nil {
		return err
	}
	st := db.Store()
	turn := make(chan bool, 1) // one report at a time
	leave := bufio.NewScanner(os.Stdin)
	report := func(what string, id int64) {
		turn <- true
		defer func() { <-turn }()
		fmt.Println(what, id)
		if step {
			leave.Scan()
		}
	}
	thread := filepath.Join(dir, "thread")
	answer := func(ctx context.Context, id int64) error {
		c, err := st.Case(ctx, id)
		if err != nil {
			return err
		}
		if c.PostState != store.Posted {
			claimed, err := st.ClaimPost(ctx, id)
			if err != nil {
				return err
			}
			report("claimed", id)
			posted := false
			if !claimed {
				if posted, err = inThread(thread, c.OnceKey); err != nil {
					return err
				}
			}
			if !posted {
				if err := post(thread, c.OnceKey); err != nil {
					return err
				}
				report("posted", id)
			}
			if err := st.SetReply(ctx, id, "1.1"); err != nil {
				return err
			}
			report("recorded", id)
		}
		return st.SetState(ctx, id, store.Final)
	}
	q, err := New(db, Work{Answer: answer, Late: func(context.Context, int64, int) error { return nil }},
		Options{RescueAfter: time.Hour, eager: true}) // only taking back can help within the test
	if err != nil {
		return err
	}
	if err := q.Start(ctx); err != nil {
		return err
	}
	for n := range crashCases {
		id, _, err := q.Open(ctx, paste(n))
		if err != nil {
			return err
		}
		report("opened", id)
	}
	for {
		stats, err := q.Stats(ctx)
		if err != nil {
			return err
		}
		if stats["completed"] == crashCases {
			break
		}
		time.Sleep(5 * time.Millisecond) // not in the test, but in the process under test
	}
	if err := q.Stop(ctx); err != nil {
		return err
	}
	return db.Close()
}

// post and inThread are the Slack thread: a file that gets a line per post,
// written at once or not at all.
func post(thread, key string) error {
	f, err := os.OpenFile(thread, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(key + "\n")
	return err
}

func inThread(thread, key string) (bool, error) {
	text, err := os.ReadFile(thread)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, err
	}
	return slices.Contains(strings.Split(string(text), "\n"), key), nil
}

// child is a running crashBot.
type child struct {
	cmd   *exec.Cmd
	in    io.Writer
	lines *bufio.Scanner
}

func startChild(t *testing.T, dir string, step bool) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashEnv+"="+dir)
	if step {
		cmd.Env = append(cmd.Env, crashStepEnv+"=1")
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	watchdog := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	t.Cleanup(func() {
		watchdog.Stop()
		cmd.Process.Kill() // no effect if it has ended
		cmd.Wait()
	})
	return &child{cmd, in, bufio.NewScanner(out)}
}

func TestEveryCaseIsAnsweredOnceWhereverTheProcessIsKilled(t *testing.T) {
	t.Parallel()
	// In the first kind of run the process stands still where it is killed, so
	// that each step is hit; in the second it runs on, and is hit anywhere.
	for _, step := range []bool{true, false} {
		for seed := range uint64(4) {
			t.Run(fmt.Sprintf("standing still %v, seed %d", step, seed), func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				random := rand.New(rand.NewPCG(seed, 1))
				kills := 0
				for killed := true; killed; {
					c := startChild(t, dir, step)
					left := 1 + random.IntN(2*crashCases) // reports until the kill
					killed = false
					for c.lines.Scan() {
						if left--; left == 0 {
							if err := c.cmd.Process.Kill(); err != nil {
								t.Fatal(err)
							}
							killed = true
							break
						}
						fmt.Fprintln(c.in)
					}
					if err := c.cmd.Wait(); !killed && err != nil {
						t.Fatal(err)
					}
					if killed {
						kills++
					}
				}
				t.Logf("killed %d times", kills)
				db := openDB(t, "sqlite:"+dir+"/signpost.db")
				var want []string
				for n := range crashCases {
					c, err := db.Store().CaseByMessage(t.Context(), "T1", "C1", paste(n).MessageTS)
					if err != nil {
						t.Fatal(err)
					}
					if c.State != store.Final || c.PostState != store.Posted || c.ReplyTS == "" {
						t.Errorf("case %d ended as %s, %s, reply %q", c.ID, c.State, c.PostState, c.ReplyTS)
					}
					want = append(want, c.OnceKey)
				}
				text, err := os.ReadFile(filepath.Join(dir, "thread"))
				if err != nil {
					t.Fatal(err)
				}
				got := strings.Fields(string(text))
				slices.Sort(want)
				slices.Sort(got)
				if !slices.Equal(got, want) {
					t.Errorf("the thread has %d posts, want one for each of %d cases", len(got), len(want))
				}
			})
		}
	}
}

func TestFileBelongsToOneLivingProcess(t *testing.T) {
	dir := t.TempDir()
	c := startChild(t, dir, true)
	c.lines.Scan() // it has the database
	_, err := Open(t.Context(), "sqlite:"+dir+"/signpost.db", nil)
	if err == nil || !strings.Contains(err.Error(), "another signpost is running on it") {
		t.Errorf("error %v", err)
	}
	link := filepath.Join(t.TempDir(), "link.db")
	if err := os.Symlink(dir+"/signpost.db", link); err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), "sqlite:"+link, nil)
	if err == nil || !strings.Contains(err.Error(), "another signpost is running on it") {
		t.Errorf("by another name: error %v", err)
	}
	if err := c.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	c.cmd.Wait()
	openDB(t, "sqlite:"+dir+"/signpost.db")
}
