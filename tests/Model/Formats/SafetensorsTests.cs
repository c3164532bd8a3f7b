using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats;
using MiniGpt.Tensors.Storage;
using Xunit;

namespace MiniGpt.Tests.Model.Formats;

public sealed class SafetensorsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void The_tensors_of_a_Hugging_Face_file_have_their_names_shapes_and_numbers()
    {
        using SafetensorsReader reader = SafetensorsReader.Open(Fixtures.File("gpt2-tiny", "model.safetensors"));
        Assert.Equal("pt", reader.Metadata["format"]);
        Assert.Equal(28, reader.Entries.Count);
        Assert.True(reader.TryGet("transformer.h.0.attn.c_attn.weight", out StoredTensor? entry));
        Assert.Equal([32L, 96], entry.Shape);
        Assert.Equal(StoredType.F32, entry.Type);
        Assert.False(reader.TryGet("lm_head.weight", out _));

        // Python's struct.unpack of the same bytes: wte[0, :3].
        Assert.True(reader.TryGet("transformer.wte.weight", out entry));
        float[] floats = new float[entry.Count];
        double[] doubles = new double[entry.Count];
        reader.Read<float>(entry, floats);
        reader.Read<double>(entry, doubles);
        Assert.Equal([-0.0844829679f, 0.159751043f, 0.0737160146f], floats[..3]);
        Assert.Equal(Array.ConvertAll(floats, number => (double)number), doubles);
    }

    [Fact]
    public void Doubles_and_whole_numbers_of_a_recorded_run_are_read()
    {
        using SafetensorsReader reader = SafetensorsReader.Open(Fixtures.File("gpt2-tiny", "trace.safetensors"));
        Assert.Empty(reader.Metadata);
        Assert.True(reader.TryGet("tokens", out StoredTensor? entry));
        long[] tokens = new long[entry.Count];
        reader.ReadIntegers(entry, tokens);
        Assert.Equal(641, tokens.Length);
        Assert.All(tokens, token => Assert.InRange(token, 0, 64));

        // The recorded first loss is the mean of log-sum-exp(logits) - logit of the target.
        Assert.True(reader.TryGet("logits", out entry));
        double[] logits = new double[entry.Count];
        reader.Read<double>(entry, logits);
        double loss = 0;
        for (int row = 0; row < 64; row++)
        {
            double[] line = logits[(row * 65)..(row * 65 + 65)];
            loss += Math.Log(line.Sum(Math.Exp)) - line[tokens[row + 1]];
        }
        using JsonDocument trace = JsonDocument.Parse(File.ReadAllText(Fixtures.File("gpt2-tiny", "trace.json")));
        Assert.Equal(trace.RootElement.GetProperty("losses")[0].GetDouble(), loss / 64, 1e-12);
    }

    [Fact]
    public void Every_stored_type_is_widened_exactly()
    {
        // 1, -2, 0.5 in each; the bits of halves and of bfloat16 are written out.
        string path = Build(
            """
            {"half":{"dtype":"F16","shape":[3],"data_offsets":[0,6]},"brain":{"dtype":"BF16","shape":[3],"data_offsets":[6,12]},
             "int":{"dtype":"I32","shape":[1],"data_offsets":[12,16]},"short":{"dtype":"U16","shape":[1],"data_offsets":[16,18]},
             "byte":{"dtype":"U8","shape":[],"data_offsets":[18,19]},"flag":{"dtype":"BOOL","shape":[1],"data_offsets":[19,20]}}
            """,
            0x00, 0x3C, 0x00, 0xC0, 0x00, 0x38, 0x80, 0x3F, 0x00, 0xC0, 0x00, 0x3F, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 200, 1);
        using SafetensorsReader reader = SafetensorsReader.Open(path);
        foreach (string name in (string[])["half", "brain"])
        {
            double[] numbers = new double[3];
            reader.Read<double>(reader.Entries.Single(entry => entry.Name == name), numbers);
            Assert.Equal([1, -2, 0.5], numbers);
        }
        foreach ((string name, long expected) in new[] { ("int", -2L), ("short", 65535), ("byte", 200), ("flag", 1) })
        {
            long[] numbers = new long[1];
            reader.ReadIntegers(reader.Entries.Single(entry => entry.Name == name), numbers);
            Assert.Equal(expected, numbers[0]);
        }
        Assert.Throws<FileFormatException>(() => reader.Read<float>(reader.Entries[2], new float[1]));
        Assert.Throws<FileFormatException>(() => reader.ReadIntegers(reader.Entries[0], new long[3]));
        Assert.Throws<ArgumentException>(() => reader.Read<float>(reader.Entries[0], new float[2]));
    }

    [Theory]
    [InlineData("not json", "no valid JSON")]
    [InlineData("[]", "an object expected")]
    [InlineData("""{"a":3}""", "'a' is a JSON number")]
    [InlineData("""{"a":{"shape":[2],"data_offsets":[0,8]}}""", "'a' has no dtype")]
    [InlineData("""{"a":{"dtype":"F7","shape":[2],"data_offsets":[0,8]}}""", "dtype F7")]
    [InlineData("""{"a":{"dtype":"F32","data_offsets":[0,8]}}""", "has no shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2]}}""", "has no data_offsets")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", "-2 in its shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}""", "2.5 in its shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}}""", "in its shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}""", "has data_offsets [0, 8, 8]")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", "has data_offsets [8, 0]")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", "has 8 bytes, 12 expected")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}}""", "more than any file holds")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4611686018427387904,4,0],"data_offsets":[0,0]}}""", "more than any file holds")]
    [InlineData("""{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,8]}}""", "in its shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}""", "ends at byte 12 of 8")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "8 bytes of data found, the 4")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "hole")]
    [InlineData("{}", "8 bytes of data found, the 0")]
    [InlineData("""{"a":{"dtype":"U8","shape":[5],"data_offsets":[0,5]},"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}""", "overlaps")]
    [InlineData("""{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}""", "hole")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}""", "'a'")]
    [InlineData("""{"a":{"dtype":"U8","dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "'dtype'")]
    [InlineData("""{"__metadata__":{"n":3},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "no object of strings")]
    [InlineData("""{"__metadata__":[],"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "no object of strings")]
    [InlineData("""{"\ud800":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "no valid JSON")]
    [InlineData("""{"a\u001b[31m\n":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", "has 8 bytes, 12 expected")]
    public void A_header_that_does_not_fit_is_refused_in_one_line(string header, string reason)
    {
        string path = Build(header, new byte[8]);
        FileFormatException error = Assert.Throws<FileFormatException>(() => SafetensorsReader.Open(path));
        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(error.Message, char.IsControl);
    }

    [Fact]
    public void A_header_nested_beyond_measure_is_refused()
    {
        string path = Build(new string('[', 100_000), []);
        Assert.Throws<FileFormatException>(() => SafetensorsReader.Open(path));
    }

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 2, 0, 0, 0, 0, 0, 0 })]
    [InlineData(new byte[] { 2, 0, 0, 0, 0, 0, 0, 0 })]
    [InlineData(new byte[] { 2, 0, 0, 0, 0, 0, 0, 0, (byte)'{' })]
    [InlineData(new byte[] { 255, 255, 255, 255, 255, 255, 255, 255, (byte)'{', (byte)'}' })]
    [InlineData(new byte[] { 0, 0, 0, 0, 0, 0, 0, 128, (byte)'{', (byte)'}' })]
    public void A_header_longer_than_the_file_is_refused(byte[] bytes)
    {
        string path = _folder.Write("broken.safetensors", bytes);
        Assert.Throws<FileFormatException>(() => SafetensorsReader.Open(path));
    }

    [Fact]
    public void A_file_broken_at_any_byte_is_read_or_refused_and_never_crashes()
    {
        byte[] whole = File.ReadAllBytes(Build(
            """{"__metadata__":{"format":"pt"},"a":{"dtype":"U8","shape":[2,2],"data_offsets":[0,4]}}""", 1, 2, 3, 4));
        Prop.ForAll(ArbMap.Default.ArbFor<(int, byte)>(), change =>
        {
            byte[] broken = [.. whole];
            broken[Math.Abs((long)change.Item1) % broken.Length] = change.Item2;
            try
            {
                using SafetensorsReader reader = SafetensorsReader.Open(_folder.Write("broken.safetensors", broken));
            }
            catch (FileFormatException)
            {
            }
        }).Check(Config.QuickThrowOnFailure);
    }

    [Fact]
    public void What_is_written_is_read_back_bit_for_bit()
    {
        string path = _folder.File("round.safetensors");
        float[] floats = [1, -0f, float.NaN, float.PositiveInfinity, float.Epsilon, 3.1415927f];
        double[] doubles = [.. Enumerable.Range(0, 20_000).Select(i => i / 3.0)];
        using (AtomicFile file = AtomicFile.Create(path))
        {
            SafetensorsWriter writer = new(
                file.Stream,
                [("a", [2, 3], StoredType.F32), ("none", [0, 5], StoredType.F32), ("猫", [20_000], StoredType.F64)],
                new Dictionary<string, string> { ["step"] = "7" });
            writer.Write<float>(floats);
            writer.Write<float>([]);
            Assert.Throws<ArgumentException>(() => writer.Write<float>(floats));
            Assert.Throws<InvalidOperationException>(writer.Complete);
            writer.Write<double>(doubles);
            writer.Complete();
            file.Commit();
        }

        using SafetensorsReader reader = SafetensorsReader.Open(path);
        Assert.Equal(["a", "none", "猫"], reader.Entries.Select(entry => entry.Name));
        Assert.Equal(("pt", "7"), (reader.Metadata["format"], reader.Metadata["step"]));
        float[] readFloats = new float[6];
        double[] readDoubles = new double[20_000];
        reader.Read<float>(reader.Entries[0], readFloats);
        reader.Read<double>(reader.Entries[2], readDoubles);
        Assert.Equal(Array.ConvertAll(floats, BitConverter.SingleToInt32Bits), Array.ConvertAll(readFloats, BitConverter.SingleToInt32Bits));
        Assert.Equal(doubles, readDoubles);
        Assert.Equal(0, BitConverter.ToInt64(File.ReadAllBytes(path)) % 8);
    }

    [Fact]
    public void A_file_of_the_same_tensors_is_the_one_that_Hugging_Face_wrote()
    {
        string original = Fixtures.File("gpt2-tiny", "model.safetensors");
        using SafetensorsReader reader = SafetensorsReader.Open(original);
        using MemoryStream copy = new();
        SafetensorsWriter writer = new(copy, reader.Entries.Select(entry => (entry.Name, entry.Shape, entry.Type)));
        foreach (StoredTensor entry in reader.Entries)
        {
            float[] numbers = new float[entry.Count];
            reader.Read<float>(entry, numbers);
            writer.Write<float>(numbers);
        }
        writer.Complete();
        Assert.Equal(File.ReadAllBytes(original), copy.ToArray());
    }

    [Fact]
    public void A_name_given_twice_cannot_be_written() =>
        Assert.Throws<ArgumentException>(() => new SafetensorsWriter(
            Stream.Null, [("a", [1], StoredType.F32), ("a", [1], StoredType.F32)]));

    public void Dispose() => _folder.Dispose();

    private string Build(string header, params byte[] data)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        byte[] length = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)json.Length);
        return _folder.Write("built.safetensors", [.. length, .. json, .. data]);
    }
}
