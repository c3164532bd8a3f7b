using MiniGpt.Model.Files;
using Xunit;

namespace MiniGpt.Tests.Model.Formats;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_committed_file_replaces_the_old_one_and_leaves_nothing_beside_it()
    {
        string path = _folder.Write("model", "old");
        AtomicFile.Write(path, "new"u8);
        Assert.Equal("new", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(_folder.Root));
    }

    [Fact]
    public void A_file_that_was_never_committed_leaves_the_old_one_and_nothing_beside_it()
    {
        string path = _folder.Write("model", "old");
        using (AtomicFile file = AtomicFile.Create(path))
            file.Stream.Write("half"u8);
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(_folder.Root));
    }

    [Fact]
    public void A_finished_file_has_its_bytes_but_not_yet_its_name()
    {
        string path = _folder.File("model");
        using AtomicFile file = AtomicFile.Create(path);
        file.Stream.Write("whole"u8);
        file.Finish();
        Assert.False(File.Exists(path));
        Assert.Equal("whole", File.ReadAllText(AtomicFile.PartialPath(path)));
        file.Commit();
        Assert.Equal("whole", File.ReadAllText(path));
    }

    [Fact]
    public void A_file_with_a_partial_name_of_its_own_has_that_one_until_it_is_committed()
    {
        string path = _folder.File("model"), partial = _folder.File("model.7.partial");
        using (AtomicFile other = AtomicFile.Create(path, _folder.File("model.8.partial")))
        using (AtomicFile file = AtomicFile.Create(path, partial))
        {
            file.Stream.Write("whole"u8);
            file.Finish();
            Assert.Equal("whole", File.ReadAllText(partial));
            file.Commit();
        }
        Assert.Equal("whole", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(_folder.Root));
    }

    public void Dispose() => _folder.Dispose();
}
