using System.Text;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Tokenizers;
using Xunit;

namespace MiniGpt.Tests.Model.Formats;

/// <summary>The files of a model are ordinary ones or links to them; what a name stands for is neither waited for nor replaced unasked.</summary>
public sealed class RegularFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Files => ["config.json", "tokenizer.json", "model.safetensors", "vocab.json", "model.safetensors.index.json"];

    [Theory]
    [MemberData(nameof(Files))]
    public void A_pipe_in_a_model_folder_is_refused_and_not_waited_for(string name)
    {
        string folder = Model();
        File.Delete(Path.Combine(folder, name));
        if (name == "model.safetensors.index.json")
            File.Delete(Path.Combine(folder, "model.safetensors"));
        if (name == "vocab.json")
        {
            File.Delete(Path.Combine(folder, "tokenizer.json"));
            File.WriteAllText(Path.Combine(folder, "merges.txt"), "");
        }
        SpecialFiles.MakePipe(Path.Combine(folder, name));
        Assert.Equal($"{Path.Combine(folder, name)} is a pipe or a device, a file expected",
            Assert.Throws<IOException>(() => ModelFolder.Load<float>(folder)).Message);
    }

    [Theory]
    [InlineData("tokenizer.json")]
    [InlineData("vocab.txt")]
    [InlineData("tokenizer.bin")]
    [InlineData("model.gguf")]
    public void A_pipe_in_the_place_of_a_tokenizer_is_refused_and_not_waited_for(string name)
    {
        string path = _folder.File(name);
        SpecialFiles.MakePipe(path);
        Assert.Equal($"{path} is a pipe or a device, a file expected", Assert.Throws<IOException>(() => TokenizerFile.Read(path)).Message);
    }

    [Theory]
    [InlineData("tokenizer.json")]
    [InlineData("tokenizer.bin")]
    public void A_pointer_of_Git_LFS_in_the_place_of_a_tokenizer_is_called_one(string name)
    {
        string path = _folder.Write(name, "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n");
        Assert.Contains("a Git LFS pointer found", Assert.Throws<FileFormatException>(() => TokenizerFile.Read(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Links_to_files_elsewhere_are_read_as_the_cache_of_Hugging_Face_has_them()
    {
        string folder = Model(), blobs = Directory.CreateDirectory(_folder.File("blobs")).FullName;
        foreach (string file in Directory.GetFiles(folder))
        {
            string blob = Path.Combine(blobs, Guid.NewGuid().ToString());
            File.Move(file, blob);
            File.CreateSymbolicLink(file, Path.Combine("..", "blobs", Path.GetFileName(blob)));
        }
        Assert.Equal(4, ModelFolder.Load<float>(folder).Model.Config.Width);

        // Writing over them replaces the links: the files that they lead to are somebody else's too.
        byte[][] before = [.. Directory.GetFiles(blobs).Order().Select(File.ReadAllBytes)];
        ModelFolder.Save(folder, ModelFolder.Load<float>(folder).Model, CharacterTokenizer.FromText("xy"));
        Assert.Equal(before, Directory.GetFiles(blobs).Order().Select(File.ReadAllBytes));
        Assert.Equal("xy", ModelFolder.Load<float>(folder).Tokenizer!.Decode([0, 1]));
    }

    [Theory]
    [InlineData("/dev/zero")]
    [InlineData("/dev/null")]
    public void A_link_to_a_device_is_refused_without_reading_it(string device)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the devices of Linux");
        string folder = Model(), config = Path.Combine(folder, "config.json");
        File.Delete(config);
        File.CreateSymbolicLink(config, device);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<IOException>(() => ModelFolder.Load<float>(folder));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10 << 20);
    }

    [Fact]
    public void A_file_that_is_too_long_is_refused_before_all_of_it_is_read()
    {
        string path = _folder.File("long.json");
        using (FileStream file = File.Create(path))
            file.SetLength(1L << 32);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("4294967296 bytes of numbers found, at most 1000 expected",
            Assert.Throws<FileFormatException>(() => RegularFile.ReadAll(path, 1000, "numbers")).Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Theory]
    [InlineData("utf-8")]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    public void JSON_of_an_editor_with_a_mark_is_read(string name)
    {
        Encoding encoding = Encoding.GetEncoding(name);
        string path = _folder.Write("a.json", [.. encoding.GetPreamble(), .. encoding.GetBytes("""{"key":"猫"}""")]);
        Assert.Equal("猫", JsonFile.Read(path, root => root.GetProperty("key").GetString()));
    }

    [Theory]
    [InlineData("""{"known":1,"other":"\ud800"}""")]
    [InlineData("""{"known":1,"other":["a",{"b":"\uDC00x"}]}""")]
    [InlineData("""{"known":1,"\ud83d":2}""")]
    public void Half_of_a_surrogate_pair_is_refused_where_it_is_read_whether_somebody_asks_for_it_or_not(string json)
    {
        string path = _folder.Write("a.json", json);
        Assert.StartsWith($"{path}: no valid JSON: ",
            Assert.Throws<FileFormatException>(() => JsonFile.Read(path, root => root.GetProperty("known").GetInt32())).Message, StringComparison.Ordinal);
        Assert.Equal(1, JsonFile.Read(_folder.Write("b.json", """{"known":1,"whole":"\ud83d\udc08"}"""), root => root.GetProperty("known").GetInt32()));
    }

    [Fact]
    public void JSON_that_is_no_UTF_8_is_refused_with_the_place_of_the_first_byte()
    {
        string path = _folder.Write("a.json", [.. "{\"known\":1,\"猫\":\""u8, 0xFF, .. "\"}"u8]);
        Assert.Equal($"{path}: no valid JSON: no UTF-8 found at byte 18, Unicode text expected",
            Assert.Throws<FileFormatException>(() => JsonFile.Read(path, root => root.GetProperty("known").GetInt32())).Message);
    }

    [Fact]
    public void A_message_quotes_little_of_a_file_on_one_line_and_no_replacement_characters()
    {
        string found = "{\r\n  \"type\": \"Split\",\n\t\"x\": \"\u001b]0;title\a\"\n}" + new string('z', 100_000);
        string message = new FileFormatException("a.json", $"step {found} found, another one expected").Message;
        Assert.StartsWith("a.json: step { \"type\": \"Split\", \"x\": \"\\x1B]0;title\\x07\" }", message, StringComparison.Ordinal);
        Assert.EndsWith("another one expected", message, StringComparison.Ordinal);
        Assert.InRange(message.Length, 100, 900);
        Assert.DoesNotContain('\uFFFD', message);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("x", "")]
    [InlineData("", "x")]
    [InlineData("x", "x")]
    public void A_message_cuts_no_character_of_two_halves_apart(string before, string behind)
    {
        string found = before + string.Concat(Enumerable.Repeat("🐈", 10_000)) + behind;
        string message = new FileFormatException("a.json", $"{found} found, another one expected").Message;
        Assert.Contains("🐈 … 🐈", message, StringComparison.Ordinal);
        UTF8Encoding strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
        Assert.Equal(message, strict.GetString(strict.GetBytes(message))); // half of a character has no bytes, and throws
    }

    [Fact]
    public void A_named_output_is_written_into_what_its_link_leads_to()
    {
        string target = _folder.Write("target", "old"), link = _folder.File("link");
        File.CreateSymbolicLink(link, "target");
        using (AtomicFile file = AtomicFile.CreateNamed(link))
        {
            file.Stream.Write("new"u8);
            file.Commit();
        }
        Assert.Equal("new", File.ReadAllText(target));
        Assert.Equal("target", new FileInfo(link).LinkTarget);
        Assert.Equal(2, Directory.GetFileSystemEntries(_folder.Root).Length);
    }

    [Fact]
    public void No_output_replaces_a_pipe_a_device_or_a_link_to_nothing()
    {
        SpecialFiles.MakePipe(_folder.File("pipe"));
        File.CreateSymbolicLink(_folder.File("dangling"), "gone");
        File.CreateSymbolicLink(_folder.File("round"), "round");
        File.CreateSymbolicLink(_folder.File("null"), "/dev/null");
        Assert.Contains("is a pipe or a device", Refused("pipe"), StringComparison.Ordinal);
        Assert.Contains("is a pipe or a device", Refused("null"), StringComparison.Ordinal);
        Assert.Contains("gone, which does not exist", Refused("dangling"), StringComparison.Ordinal);
        Assert.Contains("links lead round in a circle", Refused("round"), StringComparison.Ordinal);
        Assert.Equal(4, Directory.GetFileSystemEntries(_folder.Root).Length);

        string Refused(string name) => Assert.Throws<IOException>(() => AtomicFile.CreateNamed(_folder.File(name))).Message;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_link_or_pipe_with_the_name_of_an_unfinished_file_is_put_out_of_the_way(bool isLink)
    {
        string precious = _folder.Write("precious", "kept"), partial = _folder.File("model.partial");
        if (isLink)
            File.CreateSymbolicLink(partial, precious);
        else
            SpecialFiles.MakePipe(partial);
        AtomicFile.Write(_folder.File("model"), "new"u8);
        Assert.Equal(("kept", "new"), (File.ReadAllText(precious), File.ReadAllText(_folder.File("model"))));
    }

    private string Model()
    {
        string path = _folder.File("model");
        Decoder<float> gpt = new(Gpt2.Config(2, 4, 1, 1, 4));
        gpt.Initialize(1);
        ModelFolder.Save(path, gpt, CharacterTokenizer.FromText("ab"));
        return path;
    }
}
