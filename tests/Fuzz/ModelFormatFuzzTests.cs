using System.Text;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Model.Training;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Storage;
using Xunit;

namespace MiniGpt.Tests.Fuzz;

/// <summary>Every form of a model, broken in 20,000 ways each.</summary>
public sealed class ModelFormatFuzzTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly CharacterTokenizer _tokenizer = CharacterTokenizer.FromText("abc");

    [Fact]
    public void Broken_safetensors_files_are_read_or_refused() =>
        AssertSafe("model.safetensors", Written("f32", StoredType.F32), Written("f16", StoredType.F16));

    [Fact]
    public void Broken_configurations_are_read_or_refused() => AssertSafe("config.json", Written("f32", StoredType.F32));

    [Fact]
    public void Broken_indexes_of_shards_are_read_or_refused() =>
        AssertSafe("model.safetensors.index.json", Shards.Cut(Written("f32", StoredType.F32), _folder.File("shards"), 3));

    [Fact]
    public void Broken_GGUF_files_are_read_or_refused() =>
        AssertSafeFile(Written("f32.gguf", StoredType.F32), Written("q8.gguf", StoredType.Q8_0));

    [Fact]
    public void Broken_llm_c_files_are_read_or_refused() => AssertSafeFile(Written("model.bin", StoredType.F32));

    [Theory]
    [InlineData("vectors.bin")]
    [InlineData("vectors.txt")]
    public void Broken_word_vectors_are_read_or_refused(string name)
    {
        string path = _folder.File(name);
        WordVectorFile.Write(path, new WordVectors([.. "ab é 王".Split(' ').Select(Encoding.UTF8.GetBytes)],
            Tensor<float>.From([1, -2.5f, 1e-20f, 3, 0, 1e20f, 0.1f, 7, 8], [3, 3])));
        Fuzzing.AssertSafe([File.ReadAllBytes(path)], bytes =>
        {
            File.WriteAllBytes(path, bytes);
            WordVectorFile.Read(path);
        });
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Small files: most of their bytes are those that readers have to understand.</summary>
    private string Written(string name, StoredType type)
    {
        int width = type.BlockSize() > 1 ? type.BlockSize() : 4;
        Decoder<float> gpt = new(Gpt2.Config(3, 2, 1, 2, width));
        ModelFile.Save(_folder.File(name), gpt, _tokenizer, type: type);
        return _folder.File(name);
    }

    /// <summary>Breaks one file of folders, in the first of them.</summary>
    private static void AssertSafe(string file, params string[] folders)
    {
        byte[][] seeds = [.. folders.Select(folder => File.ReadAllBytes(Path.Combine(folder, file)))];
        Fuzzing.AssertSafe(seeds, bytes => Read(folders[0], Path.Combine(folders[0], file), bytes));
    }

    private static void AssertSafeFile(params string[] files)
    {
        byte[][] seeds = [.. files.Select(File.ReadAllBytes)];
        Fuzzing.AssertSafe(seeds, bytes => Read(files[0], files[0], bytes));
    }

    private static void Read(string model, string path, byte[] bytes)
    {
        File.WriteAllBytes(path, bytes);
        ModelInspection.Read(model).ToJson();
        ModelFile.Load<float>(model);
    }
}
