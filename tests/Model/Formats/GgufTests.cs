using System.Text;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Tensors.Storage;
using Xunit;

namespace MiniGpt.Tests.Model.Formats;

public sealed class GgufTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_file_has_the_bytes_that_the_format_describes()
    {
        Decoder<float> gpt = new(Gpt2.Config(2, 1, 1, 1, 32) with { FeedForward = new() { Width = 32 } });
        gpt.Tokens.Table.Value.Span.Fill(0.5f);
        ModelFile.Save(_folder.File("a.gguf"), gpt, type: StoredType.F16);
        byte[] file = File.ReadAllBytes(_folder.File("a.gguf"));
        using BinaryReader reader = new(new MemoryStream(file));
        Assert.Equal("GGUF"u8, reader.ReadBytes(4));
        Assert.Equal((3u, 16ul), (reader.ReadUInt32(), reader.ReadUInt64())); // 12 in the block, 2 tables, 2 of the norm

        ulong keys = reader.ReadUInt64();
        Dictionary<string, object> metadata = [];
        for (ulong i = 0; i < keys; i++)
        {
            string key = Text(reader);
            uint type = reader.ReadUInt32();
            metadata[key] = type switch { 4 => reader.ReadUInt32(), 6 => reader.ReadSingle(), 8 => Text(reader), _ => type };
        }
        Assert.Equal("gpt2", metadata["general.architecture"]);
        Assert.Equal("a", metadata["general.name"]);
        Assert.Equal(1u, metadata["general.file_type"]);
        Assert.Equal((1u, 1u, 32u, 32u, 1u), (metadata["gpt2.block_count"], metadata["gpt2.context_length"],
            metadata["gpt2.embedding_length"], metadata["gpt2.feed_forward_length"], metadata["gpt2.attention.head_count"]));
        Assert.Equal(1e-5f, metadata["gpt2.attention.layer_norm_epsilon"]);

        Dictionary<string, (ulong[] Dimensions, uint Type, ulong Offset)> tensors = [];
        for (int i = 0; i < 16; i++)
        {
            string name = Text(reader);
            ulong[] dimensions = [.. Enumerable.Range(0, (int)reader.ReadUInt32()).Select(_ => reader.ReadUInt64())];
            tensors[name] = (dimensions, reader.ReadUInt32(), reader.ReadUInt64());
        }
        Assert.Equal([32, 96], tensors["blk.0.attn_qkv.weight"].Dimensions); // the fastest first: row-major [3C, C]
        Assert.Equal([96], tensors["blk.0.attn_qkv.bias"].Dimensions);
        Assert.Equal(1u, tensors["token_embd.weight"].Type);
        Assert.All(["position_embd.weight", "output_norm.weight", "blk.0.ffn_up.bias"], name => Assert.Equal(0u, tensors[name].Type));
        Assert.DoesNotContain("output.weight", tensors.Keys); // tied: readers take the embedding
        Assert.All(tensors.Values, tensor => Assert.Equal(0ul, tensor.Offset % 32));
        long data = (reader.BaseStream.Position + 31) / 32 * 32;
        int table = (int)(data + (long)tensors["token_embd.weight"].Offset);
        Assert.Equal([0x00, 0x38], file[table..(table + 2)]); // 0.5 as a half
        Assert.Equal(0, (file.Length - data) % 32);
    }

    [Fact]
    public void Rows_that_are_no_multiple_of_32_stay_floats()
    {
        Decoder<float> gpt = new(Gpt2.Config(2, 1, 1, 1, 32) with { FeedForward = new() { Width = 33 } });
        ModelFile.Save(_folder.File("a.gguf"), gpt, type: StoredType.Q8_0);
        using ModelFile file = ModelFile.Open(_folder.File("a.gguf"));
        Assert.Equal(StoredType.Q8_0, file.Tensors.Single(tensor => tensor.Name == "blk.0.ffn_up.weight").Type); // [33, 32]
        Assert.Equal(StoredType.F32, file.Tensors.Single(tensor => tensor.Name == "blk.0.ffn_down.weight").Type); // [32, 33]
    }

    [Fact]
    public void A_file_that_ends_early_is_refused_wherever_it_ends()
    {
        byte[] whole = Build(Keys("general.architecture"), [Tensor("t", [2], 0, 0)], new byte[8]);
        AssertRefused(whole, "there is no matrix 'token_embd.weight'"); // whole, it is only no GPT-2
        for (int length = 0; length < whole.Length; length++)
            Assert.Throws<FileFormatException>(() => ModelFile.Open(_folder.Write("a.gguf", whole[..length])));
    }

    [Fact]
    public void A_character_tokenizer_of_one_byte_each_comes_back_as_it_was()
    {
        CharacterTokenizer original = CharacterTokenizer.FromText("\n !abc~");
        LoadedModel<float> there = Through(original, vocabularySize: 9); // two rows of the embedding belong to no token
        Assert.Equal(original.Hash, Assert.IsType<CharacterTokenizer>(there.Tokenizer).Hash);
        Assert.Contains("'猫' is 3 bytes in UTF-8",
            Assert.Throws<ArgumentException>(() => Through(CharacterTokenizer.FromText("abc猫"), vocabularySize: 9)).Message);
    }

    [Fact]
    public void GPT_2s_vocabulary_comes_back_as_it_was()
    {
        LoadedModel<float> there = Through(Gpt2Tokenizer.Instance, vocabularySize: 50_304);
        Assert.Equal(Gpt2Tokenizer.Instance.Hash, there.Tokenizer!.Hash);
        Assert.Equal(50_256, there.Tokenizer.EndOfTextId);
    }

    [Fact]
    public void Texts_end_with_the_tokenizers_token_where_the_configuration_names_none()
    {
        BytePairTokenizer tokenizer = BytePairTokenizer.FromAlphabet(["a", "b", "<|endoftext|>"], [], new HashSet<int> { 2 });
        TransformerConfig config = Through(tokenizer, vocabularySize: 3).Model.Config;
        Assert.Equal((2, 2), (config.BeginOfTextId, config.EndOfTextId));
        config = Through(CharacterTokenizer.FromText("ab"), vocabularySize: 3).Model.Config;
        Assert.Equal((null, null), (config.BeginOfTextId, config.EndOfTextId));
    }

    [Fact]
    public void A_tied_head_is_written_once_and_read_where_there_is_none()
    {
        Decoder<float> gpt = new(Gpt2.Config(3, 1, 1, 1, 2));
        ModelFile.Save(_folder.File("a.gguf"), gpt);
        using ModelFile file = ModelFile.Open(_folder.File("a.gguf"));
        Assert.True(file.Config.IsTied);
        Assert.DoesNotContain(file.Tensors, tensor => tensor.Name == "output.weight");
    }

    [Fact]
    public void Opening_a_file_of_ours_reads_no_number_to_know_whether_the_head_is_tied()
    {
        Decoder<float> gpt = new(Gpt2.Config(3, 1, 1, 1, 2) with { Head = HeadKind.Own });
        string path = _folder.File("a.gguf");
        ModelFile.Save(path, gpt); // both matrices are zero
        byte[] bytes = File.ReadAllBytes(path);
        using (ModelFile file = ModelFile.Open(path))
            Assert.False(file.Config.IsTied);

        // Under another name the key is unknown, as in files of other programs: there, equal matrices are one.
        bytes.AsSpan(bytes.AsSpan().IndexOf("minigpt.tied_head"u8), 7).Fill((byte)'x');
        using (ModelFile file = ModelFile.Open(_folder.Write("other.gguf", bytes)))
            Assert.True(file.Config.IsTied);
    }

    [Fact]
    public void A_head_that_is_said_to_be_tied_and_is_not_opens_but_is_never_used()
    {
        Decoder<float> gpt = new(Gpt2.Config(3, 1, 1, 1, 2) with { Head = HeadKind.Own });
        ModelFile.Save(_folder.File("a.gguf"), gpt);
        byte[] bytes = File.ReadAllBytes(_folder.File("a.gguf"));
        bytes[bytes.AsSpan().IndexOf("minigpt.tied_head"u8) + "minigpt.tied_head".Length + sizeof(uint)] = 1; // after the type of the value
        using (ModelFile whole = ModelFile.Open(_folder.File("a.gguf")))
        {
            StoredTensor head = whole.Tensors.Single(tensor => tensor.Name == "output.weight");
            long dataStart = bytes.Length - (whole.Tensors[^1].End + 31) / 32 * 32;
            bytes[dataStart + head.Begin] = 1;
        }

        using ModelFile broken = ModelFile.Open(_folder.Write("broken.gguf", bytes));
        broken.CheckTensors();
        Assert.True(broken.Config.IsTied);
        const string reason = "output.weight [3, 2] differs from token_embd.weight, the same expected of a tied head (tie_word_embeddings is true)";
        Assert.EndsWith(reason, Assert.Throws<FileFormatException>(() => broken.Load<float>()).Message, StringComparison.Ordinal);
        Assert.EndsWith(reason, Assert.Throws<FileFormatException>(() => broken.LoadForReading()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Special_tokens_in_front_stay_special()
    {
        BytePairTokenizer original = BytePairTokenizer.FromAlphabet(
            ["<|endoftext|>", "a", "b", "Ġ", "ab", "Ġab"], [("a", "b"), ("Ġ", "ab")], new HashSet<int> { 0 });
        ITokenizer there = Through(original, vocabularySize: 6).Tokenizer!;
        Assert.Equal(original.Hash, there.Hash);
        Assert.Equal([5, 0, 4], there.Encode(" ab<|endoftext|>ab"));
        Assert.Contains("a tokenizer of the kind 'word' has no GGUF form",
            Assert.Throws<ArgumentException>(() => Through(WordTokenizer.FromText("two words"), vocabularySize: 6)).Message);
    }

    private LoadedModel<float> Through(ITokenizer tokenizer, int vocabularySize)
    {
        Decoder<float> gpt = new(Gpt2.Config(vocabularySize, 1, 1, 1, 1));
        ModelFile.Save(_folder.File("a.gguf"), gpt, tokenizer);
        return ModelFile.Load<float>(_folder.File("a.gguf"));
    }

    public static TheoryData<string, string[], int[], string[]> BrokenVocabularies => new()
    {
        { "token 1, \"a\", is token 0 already", ["a", "a"], [1, 1], ["a a"] },
        { "merge 0 names \"b\", which is not in the vocabulary", ["a", "c"], [1, 1], ["a b"] },
        { "merge 0 gives \"ac\", which is not in the vocabulary", ["a", "c"], [1, 1], ["a c"] },
        { "merge 1 is \"ac\", two tokens", ["a", "c", "ac"], [1, 1, 1], ["a c", "ac"] },
        { "has a character that stands for no byte", ["猫"], [1], [] },
        { "token 1 has no bytes", ["a", ""], [1, 1], ["a a"] },
        { "token 1 has the type 7", ["a", "b"], [1, 7], [] },
        { "2 tokens with 1 types found", ["a", "b"], [1], [] },
    };

    [Theory]
    [MemberData(nameof(BrokenVocabularies))]
    public void A_vocabulary_that_does_not_fit_is_refused(string reason, string[] tokens, int[] types, string[] merges)
    {
        byte[][] keys =
        [
            Key("general.architecture", 8, Text("gpt2")),
            .. new[] { "context_length", "embedding_length", "block_count", "attention.head_count" }
                .Select(key => Key($"gpt2.{key}", 4, Number(1))),
            Key("tokenizer.ggml.model", 8, Text("gpt2")),
            Key("tokenizer.ggml.tokens", 9, [.. Number(8), .. Number((long)tokens.Length), .. tokens.SelectMany(Text)]),
            Key("tokenizer.ggml.token_type", 9, [.. Number(5), .. Number((long)types.Length), .. types.SelectMany(Number)]),
            Key("tokenizer.ggml.merges", 9, [.. Number(8), .. Number((long)merges.Length), .. merges.SelectMany(Text)]),
        ];
        AssertRefused(Build(keys, [Tensor("token_embd.weight", [1, 3], 0, 0)], new byte[12]), reason);
    }

    private static readonly Dictionary<string, byte[]> s_broken = new()
    {
        ["the magic number GGUF expected"] = [.. "GGUX"u8, .. new byte[40]],
        ["GGUF version 1 found"] = Build([], [], [], version: 1),
        ["GGUF version 50331648 of the other byte order found"] = Build([], [], [], version: 0x03000000),
        ["tensors announced"] = Build([], [], [], tensors: 1L << 40),
        ["keys announced"] = Build([], [], [], keys: -1),
        ["of 4611686018427387904 bytes announced"] = Build([[.. Number(1L << 62), .. "key"u8]], [], new byte[64]),
        ["is no UTF-8"] = Build([[.. Number(1L), 0xFF, .. Number(8), .. Text("a")]], [], new byte[64]),
        ["the key 'a' is there twice"] = Build([Key("a", 8, Text("x")), Key("a", 8, Text("y"))], [], []),
        ["a has the type 13"] = Build([Key("a", 13, Number(0L))], [], []),
        ["elements of a announced"] = Build([Key("a", 9, [.. Number(4), .. Number(1L << 61)])], [], []),
        ["arrays inside of arrays"] = Build([Key("a", 9, Nested(20))], [], []),
        ["general.alignment is 12"] = Build([Key("general.alignment", 4, Number(12))], [], []),
        ["general.alignment is of type String"] = Build([Key("general.alignment", 8, Text("x"))], [], []),
        ["tensor 't' is there twice"] = Build([], [Tensor("t", [2], 0, 0), Tensor("t", [2], 0, 32)], new byte[64]),
        ["tensor 't' has 5 dimensions"] = Build([], [Tensor("t", [1, 1, 1, 1, 1], 0, 0)], new byte[64]),
        ["has the type Q4_K (12), F32, F16, Q8_0"] = Build([], [Tensor("t", [256], 12, 0)], new byte[256]),
        ["more than any file holds"] = Build([], [Tensor("t", [1L << 40, 1L << 40], 0, 0)], new byte[64]),
        ["has a dimension of 18446744073709551615"] = Build([], [Tensor("t", [-1], 0, 0)], new byte[64]),
        ["whose rows are multiples of 32"] = Build([], [Tensor("t", [31], 8, 0)], new byte[64]),
        ["ends at byte 12 of 8 bytes of data"] = Build([], [Tensor("t", [3], 0, 0)], new byte[8]),
        ["begins at byte 4, a multiple of 32"] = Build([], [Tensor("t", [1], 0, 4)], new byte[32]),
        ["leaves a hole before it, 0 expected"] = Build([], [Tensor("t", [1], 0, 32)], new byte[64]),
        ["overlaps the tensor before it, 64 expected"] = Build([], [Tensor("a", [16], 0, 0), Tensor("b", [1], 0, 32)], new byte[64]),
        ["64 bytes of data found, the 4 of its tensors expected"] = Build([], [Tensor("t", [1], 0, 0)], [.. new byte[63], 1]), // zeros would be padding
        ["part 2 of 3 of a split file found"] = Build(
            [Key("split.no", 4, Number(1)), Key("split.count", 4, Number(3))], [Tensor("t", [1], 0, 0)], new byte[32]),
        ["there is no key general.architecture"] = Build([], [], []),
        ["the architecture 'mamba' found"] = Build([Key("general.architecture", 8, Text("mamba"))], [], []),
    };

    public static TheoryData<string> Broken => new(s_broken.Keys.ToArray());

    [Theory]
    [MemberData(nameof(Broken))]
    public void A_file_that_does_not_fit_is_refused_in_one_line(string reason) => AssertRefused(s_broken[reason], reason);

    public void Dispose() => _folder.Dispose();

    private void AssertRefused(byte[] file, string reason)
    {
        string path = _folder.Write("broken.gguf", file);
        FileFormatException error = Assert.Throws<FileFormatException>(() => ModelFile.Open(path));
        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(error.Message, char.IsControl);
    }

    private static byte[][] Keys(string architecture) => [Key(architecture, 8, Text("gpt2"))];

    private static byte[] Build(byte[][] keyBytes, byte[][] tensorBytes, byte[] data, int version = 3, long? tensors = null, long? keys = null)
    {
        byte[] head =
        [
            .. "GGUF"u8, .. Number(version), .. Number(tensors ?? tensorBytes.Length), .. Number(keys ?? keyBytes.Length),
            .. keyBytes.SelectMany(bytes => bytes), .. tensorBytes.SelectMany(bytes => bytes),
        ];
        return tensorBytes.Length == 0 ? [.. head, .. data] : [.. head, .. new byte[-head.Length & 31], .. data];
    }

    private static byte[] Key(string key, int type, byte[] value) => [.. Text(key), .. Number(type), .. value];

    private static byte[] Tensor(string name, long[] dimensions, int type, long offset) =>
        [.. Text(name), .. Number(dimensions.Length), .. dimensions.SelectMany(Number), .. Number(type), .. Number(offset)];

    private static byte[] Nested(int depth) => depth == 0
        ? [.. Number(4), .. Number(0L)]
        : [.. Number(9), .. Number(1L), .. Nested(depth - 1)];

    private static byte[] Text(string text) => [.. Number((long)Encoding.UTF8.GetByteCount(text)), .. Encoding.UTF8.GetBytes(text)];

    private static byte[] Number(int number) => BitConverter.GetBytes(number);

    private static byte[] Number(long number) => BitConverter.GetBytes(number);

    private static string Text(BinaryReader reader) => Encoding.UTF8.GetString(reader.ReadBytes((int)reader.ReadUInt64()));
}
