using System.Diagnostics;
using System.Text;
using MiniGpt.Model.Data;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats;
using Xunit;

namespace MiniGpt.Tests.Model.Data;

/// <summary>Texts as they are found: behind links and pipes, in folders that hold other things as well, in other encodings.</summary>
public sealed class TextInputTests : IDisposable
{
    private const string Text = "Ünïcödé, 猫と🐈.\r\nA second line\n";

    private static readonly byte[] s_binary = [0x7F, .. "ELF"u8, 2, 1, 1, 0, 0xFF, 0xC3, .. Enumerable.Range(128, 100).Select(value => (byte)value)];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Encodings => ["utf-8", "utf-16", "utf-16BE", "utf-32", "utf-32BE"];

    [Theory]
    [MemberData(nameof(Encodings))]
    public void A_text_is_the_same_in_every_encoding_that_its_mark_names(string name)
    {
        Encoding encoding = Encoding.GetEncoding(name);
        string path = _folder.Write("text.md", [.. encoding.GetPreamble(), .. encoding.GetBytes(Text)]);
        Assert.Equal(Encoding.UTF8.GetBytes(Text), TextInput.ReadAll(path, 1000));
        (string hash, long bytes, long characters, string[] notes) = Read(path);
        Assert.Equal(Read(_folder.Write("plain.txt", Text)).Hash, hash);
        Assert.Equal((Encoding.UTF8.GetByteCount(Text), Text.EnumerateRunes().Count()), (bytes, characters));
        Assert.Equal(name == "utf-8" ? [] : [$"{path} is UTF-16 or UTF-32, as its mark says, and is read as such"], notes);
    }

    [Fact]
    public void Any_text_comes_back_from_any_encoding_though_it_is_longer_than_what_is_read_at_once()
    {
        // 64 KiB are read at once: the short texts fit, the long ones end within a character several times.
        Random random = new(1);
        for (int turn = 0; turn < 100; turn++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(1, turn % 2 == 0 ? 6000 : 120_000)).Select(_ => (random.Next(4) switch
            {
                0 => new Rune('a' + random.Next(26)),
                1 => new Rune(0xA0 + random.Next(0x500)),
                2 => new Rune(0x3040 + random.Next(0x60)),
                _ => new Rune(0x1F300 + random.Next(0x100)),
            }).ToString()));
            Encoding encoding = Encoding.GetEncoding(Encodings.ElementAt(turn % 5).Data);
            string path = _folder.Write("text.txt", [.. encoding.GetPreamble(), .. encoding.GetBytes(text)]);
            Assert.Equal(text, Encoding.UTF8.GetString(TextInput.ReadAll(path, int.MaxValue)));
        }
    }

    [Fact]
    public void A_link_a_link_to_a_link_and_a_folder_of_links_are_read_as_the_file_that_they_lead_to()
    {
        Directory.CreateDirectory(_folder.File("store/deep"));
        Directory.CreateDirectory(_folder.File("links"));
        string file = _folder.Write("store/deep/a-long-name-of-a-book.txt", string.Concat(Enumerable.Repeat(Text, 1000)));
        string link = Link("one.txt", file), relative = Link("links/two.txt", "../one.txt");
        Link("store/again", "deep");
        string hash = Read(file).Hash;
        foreach (string path in (string[])[link, relative, _folder.File("links"), _folder.File("store")])
            Assert.Equal((path, hash, 1000L * Encoding.UTF8.GetByteCount(Text)), (path, Read(path).Hash, Read(path).Bytes));
        Assert.Contains("is named twice", Assert.Throws<ArgumentException>(() => TextCorpus.Open([file, link])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("utf-8", 10)]
    [InlineData("utf-8", 200_000)]
    [InlineData("utf-16", 100_000)]
    public async Task A_pipe_is_read_to_its_end(string name, int copies)
    {
        string text = string.Concat(Enumerable.Repeat(Text, copies));
        Encoding encoding = Encoding.GetEncoding(name);
        string hash = Read(_folder.Write("file.txt", text)).Hash, pipe = _folder.File("pipe.txt");
        Task writing = SpecialFiles.FillPipe(pipe, [.. encoding.GetPreamble(), .. encoding.GetBytes(text)]);
        Assert.Equal(hash, Read(pipe).Hash);
        await writing;
    }

    [Fact]
    public void The_files_of_the_system_that_say_they_have_no_length_are_read()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "there is no /proc");
        Assert.InRange(Read("/proc/self/status").Bytes, 100, 1 << 20);
        Assert.Contains("Name:", Encoding.UTF8.GetString(TextInput.ReadAll("/proc/self/status", 1 << 20)), StringComparison.Ordinal);
    }

    [Fact]
    public void The_wait_for_somebody_who_writes_into_a_pipe_can_be_ended()
    {
        string pipe = _folder.File("pipe.txt");
        SpecialFiles.MakePipe(pipe);
        using CancellationTokenSource cancel = new(TimeSpan.FromMilliseconds(100));
        Stopwatch time = Stopwatch.StartNew();
        Assert.ThrowsAny<OperationCanceledException>(() => TextCorpus.Open([pipe], cancellationToken: cancel.Token));
        Assert.InRange(time.Elapsed.TotalSeconds, 0, 10);
        using FileStream release = new(pipe, FileMode.Open, FileAccess.ReadWrite); // the thread that waits ends
    }

    [Theory]
    [InlineData("/dev/zero")]
    [InlineData("/dev/urandom")]
    public void A_device_that_never_ends_is_refused_by_its_first_bytes(string device)
    {
        Assert.SkipUnless(File.Exists(device), $"there is no {device}");
        Assert.Contains("text in UTF-8 expected", Assert.Throws<FileFormatException>(() => TextCorpus.Open([device])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_the_endings_of_texts_gives_the_kind_of_file_that_most_of_its_text_has()
    {
        Directory.CreateDirectory(_folder.File("source/inner"));
        _folder.Write("source/a.cs", "class A;");
        _folder.Write("source/inner/b.CS", "class B;");
        _folder.Write("source/c.cs", s_binary);
        _folder.Write("source/settings.json", "{}");
        _folder.Write("source/logo.svg", "version https://git-lfs.github.com/spec/v1\n");
        Link("source/same.cs", "a.cs");
        _folder.Write("source/Makefile", "all:");
        _folder.Write("source/picture.png", [.. s_binary, .. new byte[1000]]);
        string source = _folder.File("source");
        using (TextCorpus corpus = TextCorpus.Open([source]))
        {
            Assert.Equal(["a.cs", "inner/b.CS"], corpus.Documents.Select(text => Path.GetRelativePath(source, text.Name)));
            Assert.Equal([$"{source}: no .txt or .md found, so files ending in .cs are read, 2 of them", $"{source}: passed over, because it holds no text: c.cs"], corpus.Notes);
        }
        _folder.Write("source/readme.md", "A text.");
        using (TextCorpus corpus = TextCorpus.Open([source]))
            Assert.Equal(["readme.md"], corpus.Documents.Select(text => Path.GetRelativePath(source, text.Name)));
    }

    [Fact]
    public void A_folder_gives_each_visible_text_once_and_says_what_it_passes_over()
    {
        foreach (string inner in (string[])["books/.git", "books/.ipynb_checkpoints", "books/__MACOSX", "books/b"])
            Directory.CreateDirectory(_folder.File(inner));
        _folder.Write("books/a.txt", "one");
        _folder.Write("books/b/c.MD", "two");
        _folder.Write("books/logs.txt", "three\0, with one zero");
        _folder.Write("books/wide.txt", [.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes("four")]);
        _folder.Write("books/.git/description.txt", "hidden");
        _folder.Write("books/.ipynb_checkpoints/a-checkpoint.txt", "hidden");
        _folder.Write("books/._a.txt", "hidden");
        _folder.Write("books/__MACOSX/._c.md", "hidden");
        for (int i = 0; i < 5; i++)
            _folder.Write($"books/empty{i}.txt", "");
        _folder.Write("books/mark.txt", Encoding.UTF8.GetPreamble());
        _folder.Write("books/program.txt", s_binary);
        _folder.Write("books/picture.png", s_binary);
        Link("books/loop", ".");
        Link("books/b/up", "../..");
        Link("books/same.txt", "a.txt");
        Link("books/nowhere.txt", "gone.txt");
        SpecialFiles.MakePipe(_folder.File("books/pipe.txt"));

        using TextCorpus corpus = TextCorpus.Open([_folder.File("books")]);
        Assert.Equal(["a.txt", "b/c.MD", "logs.txt", "wide.txt"], corpus.Documents.Select(text => Path.GetRelativePath(_folder.File("books"), text.Name)));
        string books = _folder.File("books");
        Assert.Equal(
            [
                $"{books}: passed over, because it holds no text: program.txt",
                $"{books}: passed over, because it is a link to nothing: nowhere.txt",
                $"{books}: passed over, because it is a pipe or a device: pipe.txt",
                $"{books}: passed over, because it is empty: empty0.txt, empty1.txt, empty2.txt and 3 more",
                $"{_folder.File("books/wide.txt")} is UTF-16 or UTF-32, as its mark says, and is read as such",
            ],
            corpus.Notes);
    }

    [Fact]
    public void Two_links_back_make_a_folder_no_larger()
    {
        Directory.CreateDirectory(_folder.File("two/inner"));
        _folder.Write("two/inner/a.txt", "text");
        foreach (string name in (string[])["two/x", "two/inner/y", "two/inner/z"])
            Link(name, _folder.File("two"));
        Assert.Equal(4, Read(_folder.File("two")).Bytes);
    }

    [Theory]
    [InlineData("zeros in every second place", "bytes of which many are 0 found, as UTF-16 without its mark has them")]
    [InlineData("a program", "bytes that are no text found")]
    [InlineData("a PDF", "a PDF found")]
    [InlineData("nothing behind the mark", "the file is empty, text expected")]
    public void What_is_no_text_is_refused_by_its_content(string what, string reason)
    {
        byte[] bytes = what switch
        {
            "zeros in every second place" => Encoding.Unicode.GetBytes(Text),
            "a program" => s_binary,
            "a PDF" => [.. "%PDF-1.7\n%\u00e2\u00e3"u8],
            _ => [0xFF, 0xFE],
        };
        string path = _folder.Write("found.txt", bytes);
        Assert.Equal($"{path}: {reason}{(what.StartsWith("nothing", StringComparison.Ordinal) ? "" : ", text in UTF-8 expected")}",
            Assert.Throws<FileFormatException>(() => TextCorpus.Open([path])).Message);
        using MemoryStream input = new(bytes);
        Assert.Contains(reason, Assert.Throws<FileFormatException>(() => TextCorpus.Open(["-"], input)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pointer_of_Git_LFS_is_called_one_wherever_a_file_is_read()
    {
        string pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4cac19\nsize 1024\n";
        Directory.CreateDirectory(_folder.File("texts"));
        _folder.Write("texts/a.txt", pointer);
        string text = _folder.Write("book.txt", pointer), tokens = _folder.Write("tokens.bin", pointer), model = _folder.Write("model.gguf", pointer);
        string weights = _folder.Write("model.safetensors", pointer), index = _folder.Write("model.safetensors.index.json", pointer);
        foreach (Action read in (Action[])
            [
                () => TextCorpus.Open([text]), () => TextCorpus.Open([_folder.File("texts")]), () => TextInput.ReadAll(text, 1000),
                () => TokenFile.Open(tokens), () => ModelFile.Open(model), () => SafetensorsReader.Open(weights), () => SafetensorsShards.Open(index),
            ])
        {
            Assert.Contains("a Git LFS pointer found", Assert.Throws<FileFormatException>(read).Message, StringComparison.Ordinal);
        }
    }

    private string Link(string name, string target)
    {
        File.CreateSymbolicLink(_folder.File(name), target);
        return _folder.File(name);
    }

    private static (string Hash, long Bytes, long Characters, string[] Notes) Read(string path)
    {
        using TextCorpus corpus = TextCorpus.Open([path]);
        return (corpus.Hash, corpus.Bytes, corpus.Characters, [.. corpus.Notes]);
    }
}
