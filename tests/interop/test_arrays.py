"""Reading an input from .npy and writing arrays, whole or not at all."""

import os
import stat

import numpy as np
import pytest

from cnncalc.diagnostics import CnncalcError
from cnncalc.interop import files
from cnncalc.interop.arrays import read_input, write_array

SHAPE = (2, 3, 4)


def refused(path, code):
    with pytest.raises(CnncalcError) as caught:
        read_input(path, SHAPE)
    assert caught.value.diagnostics[0].code == code
    return caught.value.diagnostics[0]


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [">f8", "<f4", "<f2", "u1", "?"])
def test_one_input_and_a_batch(tmp_path, order, dtype):
    values = np.asarray(np.arange(5 * 24).reshape(5, *SHAPE) % 2, dtype, order=order)
    np.save(tmp_path / "x.npy", values)
    batch = read_input(tmp_path / "x.npy", SHAPE)
    assert batch.dtype == np.float32 and batch.flags.c_contiguous
    np.testing.assert_array_equal(batch, values)
    np.save(tmp_path / "x.npy", np.asarray(values[1], order=order))
    np.testing.assert_array_equal(read_input(tmp_path / "x.npy", SHAPE), values[1:2])


@pytest.mark.parametrize("shape", [(), (24,), (3, 2, 4), (1, 1, 2, 3, 4), (0, 2, 3, 4)])
def test_another_shape_is_refused_with_both(tmp_path, shape):
    np.save(tmp_path / "x.npy", np.zeros(shape))
    assert "2x3x4" in refused(tmp_path / "x.npy", "E605").message


def test_a_short_file_is_refused(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros(SHAPE))
    whole = (tmp_path / "x.npy").read_bytes()
    (tmp_path / "x.npy").write_bytes(whole[:-1])
    refused(tmp_path / "x.npy", "E603")


def test_objects_are_never_unpickled(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "ran"),))

    array = np.empty(SHAPE, object)
    array[...] = Bomb()
    np.save(tmp_path / "x.npy", array, allow_pickle=True)
    refused(tmp_path / "x.npy", "E604")
    assert not (tmp_path / "ran").exists()


def test_what_is_no_file(tmp_path):
    refused(tmp_path / "none.npy", "E120")
    os.mkfifo(tmp_path / "pipe.npy")
    refused(tmp_path / "pipe.npy", "E123")


def test_a_written_array_is_read_again(tmp_path):
    for array in (np.arange(6.0).reshape(2, 3), np.float32([[1, 2]])):
        write_array(tmp_path / "layer1.0.conv1.npy", array)
        np.testing.assert_array_equal(np.load(tmp_path / "layer1.0.conv1.npy"), array)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "x.npy"
    write_array(path, np.zeros(2))

    def fail(file):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(CnncalcError, match="No space left") as caught:
        files.write_whole(path, fail)
    assert caught.value.diagnostics[0].code == "E124"
    assert np.load(path).tolist() == [0, 0]
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.npy"]


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(CnncalcError) as caught:
        write_array(tmp_path / "none" / "x.npy", np.zeros(1))
    assert caught.value.diagnostics[0].code == "E124"


def test_written_files_have_the_usual_permissions(tmp_path):
    before = os.umask(0o027)
    try:
        write_array(tmp_path / "x.npy", np.zeros(1))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "x.npy").stat().st_mode) == 0o640


def test_what_is_no_file_is_not_replaced(tmp_path):
    pipe = tmp_path / "pipe.npy"
    os.mkfifo(pipe)
    for place, code in ((pipe, "E123"), (tmp_path, "E122")):
        with pytest.raises(CnncalcError) as caught:
            write_array(place, np.zeros(3))
        assert caught.value.diagnostics[0].code == code
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_link_is_followed(tmp_path):
    link = tmp_path / "link.npy"
    link.symlink_to(tmp_path / "real.npy")
    write_array(link, np.arange(3))
    assert link.is_symlink()
    assert np.load(tmp_path / "real.npy").tolist() == [0, 1, 2]


@pytest.mark.skipif(os.name == "nt", reason="Windows limits no file's size")
@pytest.mark.parametrize("count", [300, 1000, 100_000])
def test_where_not_all_can_be_written_it_is_said_and_nothing_stays(tmp_path, count):
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, before[1]))
    try:
        with pytest.raises(CnncalcError) as caught:
            write_array(tmp_path / "y.npy", np.ones(count, np.float32))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.diagnostics[0].code == "E124"
    assert not list(tmp_path.iterdir())
