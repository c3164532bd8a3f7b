using System.Runtime.InteropServices;
using System.Security.Cryptography;
using MiniGpt.Model.Data;
using MiniGpt.Model.Files;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Model.Training;
using MiniGpt.Tests.Model.Data;
using Xunit;

namespace MiniGpt.Tests.Model.Training;

public sealed class TrainingDataTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TrainingOptions _options = new() { Context = 4 };

    [Fact]
    public void The_bundled_text_gives_the_sizes_of_nanoGPT()
    {
        string corpus = Path.Combine(AppContext.BaseDirectory, "data", "tinyshakespeare.txt");
        using TrainingData data = TrainingData.Load(new TrainingOptions(), corpus);
        // nanoGPT's prepare.py: 65 characters, 1,003,854 and 111,540 tokens; sha256sum of the file.
        Assert.Equal((65, 1_003_854, 111_540), (data.VocabularySize, data.Train.Length, data.Validation!.Length));
        Assert.Equal("86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed", data.Hash);
        Assert.Equal(1_115_394, data.Bytes);
        Assert.Empty(data.Warnings);
    }

    [Fact]
    public void Text_is_split_first_and_tokenised_by_the_characters_of_all_of_it()
    {
        using TrainingData data = Load(_options with { Data = [_folder.Write("a.txt", "bababababa"), _folder.Write("b.txt", "bababababac猫")] });
        Assert.Equal([1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1], Ids(data.Train));
        Assert.Equal([0, 2, 3], Ids(data.Validation!));
        Assert.Equal((4, 24), (data.VocabularySize, data.Bytes));
        Assert.Equal("猫", data.Tokenizer!.TokenText(3));
    }

    [Fact]
    public void Texts_of_one_length_are_not_taken_for_each_other_in_the_cache()
    {
        string[] texts = [_folder.Write("a.txt", "abcabcabcabc"), _folder.Write("b.txt", "cbacbacbacba")];
        using TrainingData apart = TrainingData.Load(
            _options with { Data = [texts[0]], ValidationData = texts[1] }, "", cacheFolder: _folder.File("cache"));
        Assert.Equal([0, 1, 2], Ids(apart.Train)[..3]);
        Assert.Equal([2, 1, 0], Ids(apart.Validation!)[..3]);
        using TrainingData halves = TrainingData.Load(
            _options with { Data = texts, ValidationFraction = 0.5 }, "", cacheFolder: _folder.File("halves"));
        Assert.NotEqual(Ids(halves.Train), Ids(halves.Validation!));
    }

    [Fact]
    public void Text_is_tokenised_once_into_a_file_that_is_found_again()
    {
        TrainingOptions options = _options with { Data = [_folder.Write("a.txt", "the cat sat on the mat, the cat sat")], Tokenizer = LearnedTokenizer.BytePair, VocabularySize = 260 };
        string cache = _folder.File("cache");
        int[] first = Load();
        string[] files = Directory.GetFiles(cache);
        Assert.Equal(2, files.Length);
        DateTime long_ago = new(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        Array.ForEach(files, file => File.SetLastWriteTimeUtc(file, long_ago));
        Assert.Equal(first, Load());
        Assert.All(files, file => Assert.Equal(long_ago, File.GetLastWriteTimeUtc(file)));

        File.WriteAllText(files[0], "damaged"); // is made anew
        Assert.Equal(first, Load());
        options = options with { VocabularySize = 258 };
        Assert.NotEqual(first, Load());
        Assert.Equal(4, Directory.GetFiles(cache).Length);

        int[] Load()
        {
            using TrainingData data = TrainingData.Load(options, "", cacheFolder: cache);
            return [.. Ids(data.Train), .. Ids(data.Validation!)];
        }
    }

    [Fact]
    public void A_byte_pair_tokenizer_is_learned_from_the_part_to_train_on()
    {
        string text = string.Concat(Enumerable.Repeat(" ab", 90)) + string.Concat(Enumerable.Repeat(" xy", 10));
        using TrainingData data = Load(_options with { Data = [_folder.Write("a.txt", text)], Tokenizer = LearnedTokenizer.BytePair, VocabularySize = 300 });
        BytePairTokenizer tokenizer = Assert.IsType<BytePairTokenizer>(data.Tokenizer);
        Assert.Equal(["a b", "Ġ ab"], tokenizer.Merges.Select(merge => $"{tokenizer.AlphabetText(merge.Left)} {tokenizer.AlphabetText(merge.Right)}"));
        Assert.Equal(tokenizer.VocabularySize, data.VocabularySize);
    }

    [Fact]
    public void Standard_input_is_read_and_bytes_that_are_no_text_are_warned_of()
    {
        using MemoryStream input = new([.. "abcabcabc"u8, 0xFF]);
        using TrainingData data = TrainingData.Load(_options with { Data = ["-"] }, "", standardInput: input);
        Assert.Equal(9, data.Train.Length);
        Assert.Equal(["-: 1 byte sequences are not valid UTF-8 and became U+FFFD"], data.Warnings.Take(1));
    }

    [Fact]
    public void Without_a_fraction_there_is_no_validation_and_with_too_little_of_it_a_warning()
    {
        string path = _folder.Write("a.txt", "abcdefghij");
        using TrainingData whole = Load(_options with { Data = [path], ValidationFraction = 0 });
        Assert.Equal((10, null, 0), (whole.Train.Length, whole.Validation, whole.Warnings.Count));
        using TrainingData little = Load(_options with { Data = [path] });
        Assert.Equal((9, null), (little.Train.Length, little.Validation));
        Assert.Equal(["1 tokens are left for validation, which needs at least 2: there will be none"], little.Warnings);
    }

    [Fact]
    public void A_validation_file_leaves_the_whole_text_to_train_on()
    {
        TrainingOptions options = _options with { Data = [_folder.Write("a.txt", "abcdef")], ValidationData = _folder.Write("b.txt", "fab") };
        using TrainingData data = Load(options);
        Assert.Equal([0, 1, 2, 3, 4, 5], Ids(data.Train));
        Assert.Equal([5, 0, 1], Ids(data.Validation!));
        using TrainingData other = Load(options with { ValidationData = _folder.Write("c.txt", "faba") });
        Assert.NotEqual(data.Hash, other.Hash);

        _folder.Write("c.txt", "fxab");
        Refused<ArgumentException>(options with { ValidationData = _folder.File("c.txt") }, "character 'x'");
        using TrainingData skipped = Load(options with { ValidationData = _folder.File("c.txt"), Unknown = UnknownCharacter.Skip });
        Assert.Equal([5, 0, 1], Ids(skipped.Validation!));
        Refused<ArgumentException>(options with { ValidationData = _folder.Write("d.txt", "f") }, "validation needs at least 2");
    }

    [Fact]
    public void A_given_tokenizer_and_vocabulary_are_kept()
    {
        CharacterTokenizer given = CharacterTokenizer.FromText("abcxyz");
        TrainingOptions options = _options with { Data = [_folder.Write("a.txt", "zzzzzabcab")] };
        using TrainingData data = TrainingData.Load(options, "", given, givenVocabulary: 8);
        Assert.Same(given, data.Tokenizer);
        Assert.Equal(8, data.VocabularySize);
        Assert.Equal([5, 5, 5, 5, 5, 0, 1, 2, 0], Ids(data.Train));
        Assert.Contains("no tokenizer",
            Assert.Throws<ArgumentException>(() => TrainingData.Load(options, "", givenVocabulary: 8)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_killed_processes_left_in_the_cache_is_deleted_and_what_is_being_written_stays()
    {
        TrainingOptions options = _options with { Data = [_folder.Write("a.txt", "abcabcabcabcabcabcabc")] };
        Directory.CreateDirectory(_folder.File("cache"));
        string left = _folder.Write($"cache/a.bin.{int.MaxValue}.partial", "half");
        string live = _folder.Write($"cache/a.bin.{Environment.ProcessId}.partial", "half");
        string locked = _folder.Write($"cache/b.bin.{int.MaxValue}.partial", "half");
        string other = _folder.Write("cache/notes.partial", "not ours");
        using (new FileStream(locked, FileMode.Open, FileAccess.Write, FileShare.Read))
        using (TrainingData data = TrainingData.Load(options, "", cacheFolder: _folder.File("cache")))
        {
            Assert.False(File.Exists(left));
            Assert.True(File.Exists(live) && File.Exists(locked) && File.Exists(other));
        }
    }

    [Fact]
    public void Token_files_are_joined_split_and_need_no_tokenizer()
    {
        string[] files =
            [Tokens("a.bin", 0, 1, 2, 3, 4, 5, 6), Tokens("b.bin", 7, 8, 9), Tokens("c.bin", 10, 11, 12, 13, 14, 15, 16, 17, 18, 19)];
        using TrainingData data = Load(_options with { Data = files });
        Assert.Equal(Enumerable.Range(0, 18), Ids(data.Train));
        Assert.Equal([18, 19], Ids(data.Validation!));
        int[] middle = new int[8];
        data.Train.Read(5, middle);
        Assert.Equal(Enumerable.Range(5, 8), middle);
        Assert.Equal((20, 40, null), (data.VocabularySize, data.Bytes, data.Tokenizer));
        using TrainingData wide = Load(_options with { Data = files, VocabularySize = 50257, ValidationData = Tokens("d.bin", 1, 2) });
        Assert.Equal((50257, 20, 2), (wide.VocabularySize, wide.Train.Length, wide.Validation!.Length));
        using TrainingData given = TrainingData.Load(_options with { Data = files }, "", givenVocabulary: 30);
        Assert.Equal(30, given.VocabularySize);
    }

    [Fact]
    public void Token_files_are_read_once_with_progress_and_can_be_cancelled()
    {
        ushort[] ids = [.. Enumerable.Range(0, 100_000).Select(i => (ushort)(i % 1000))];
        string[] files = [Tokens("a.bin", ids), Tokens("b.bin", 1, 2, 3)];
        List<DataProgress> seen = [];
        using (TrainingData data = LoadWatched(seen.Add, default))
        {
            Assert.Equal((200_006, 1000), (data.Bytes, data.VocabularySize));
            byte[] hashes = [.. files.SelectMany(file => SHA256.HashData(File.ReadAllBytes(file)))];
            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(hashes)), data.Hash);
        }
        Assert.All(seen, progress => Assert.Equal(("reading", 200_006), (progress.Stage, progress.Total)));
        Assert.Equal(seen.Select(progress => progress.Done).Order(), seen.Select(progress => progress.Done));
        Assert.Equal(200_006, seen[^1].Done);

        using CancellationTokenSource cancel = new();
        seen.Clear();
        Assert.ThrowsAny<OperationCanceledException>(() => LoadWatched(progress =>
        {
            seen.Add(progress);
            cancel.Cancel();
        }, cancel.Token));
        Assert.InRange(seen.Max(progress => progress.Done), 0, 199_999);

        TrainingData LoadWatched(Action<DataProgress> see, CancellationToken cancellationToken) => TrainingData.Load(
            _options with { Data = files }, "", progress: new DataWatch(see), cancellationToken: cancellationToken);
    }

    [Fact]
    public void Data_that_does_not_fit_is_refused_in_one_line()
    {
        string text = _folder.Write("a.txt", "abcdefghij"), tokens = Tokens("a.bin", 1, 2, 3, 4, 5, 6, 7, 8, 9, 65);
        Refused<ArgumentException>(_options with { Data = [text, tokens] }, "one or the other expected");
        Refused<ArgumentException>(_options with { Data = [text], ValidationData = tokens }, "one or the other expected");
        Refused<ArgumentException>(_options with { Data = [text], Context = 9 },
            "a text of 9 tokens is too short: a context of 9 needs at least 10");
        Refused<FileFormatException>(_options with { Data = [tokens], VocabularySize = 65 },
            "the id 65 found, at most 64 expected in a vocabulary of 65");
        Refused<FileNotFoundException>(_options with { Data = [_folder.File("none.txt")] }, "no such file");
        Assert.ThrowsAny<IOException>(() => Load(_options with { Data = [_folder.File("none.bin")] }));
    }

    public void Dispose() => _folder.Dispose();

    private static TrainingData Load(TrainingOptions options) => TrainingData.Load(options, "no bundled corpus");

    private static void Refused<TException>(TrainingOptions options, string reason) where TException : Exception
    {
        string message = Assert.ThrowsAny<TException>(() => Load(options)).Message;
        Assert.Contains(reason, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    private static int[] Ids(TokenSource tokens)
    {
        int[] ids = new int[tokens.Length];
        tokens.Read(0, ids);
        return ids;
    }

    private string Tokens(string name, params ushort[] ids) => _folder.Write(name, [.. MemoryMarshal.AsBytes<ushort>(ids)]);
}
