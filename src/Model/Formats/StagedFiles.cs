using System.Security.Cryptography;

namespace MiniGpt.Model.Formats;

/// <summary>
/// Several files of one folder that belong together: all of them are first written beside their final names, and renamed once the last
/// one is on the disk. Disposed before <see cref="Commit"/>, they leave nothing behind.
/// </summary>
internal sealed class StagedFiles(string folder) : IDisposable
{
    private readonly List<AtomicFile> _files = [];
    private readonly Dictionary<string, string> _checksums = [];
    private bool _committed;

    /// <summary>The SHA-256 of every file, in hexadecimal, by its name.</summary>
    public IReadOnlyDictionary<string, string> Checksums => _checksums;

    /// <summary>The SHA-256 of a file that is there, in hexadecimal.</summary>
    public static string ChecksumOf(string path)
    {
        using FileStream file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    /// <summary>Writes a file through to the disk; its checksum is taken on the way.</summary>
    public void Add(string name, Action<Stream> write)
    {
        AtomicFile file = AtomicFile.Create(Path.Combine(folder, name));
        _files.Add(file);
        using SHA256 hash = SHA256.Create();
        using (CryptoStream hashing = new(file.Stream, hash, CryptoStreamMode.Write, leaveOpen: true))
            write(hashing);
        file.Finish();
        _checksums.Add(name, Convert.ToHexStringLower(hash.Hash!));
    }

    /// <summary>
    /// Gives the files their names, in the order in which they were added. What fails here is left beside, to be renamed later.
    /// </summary>
    public void Commit()
    {
        _committed = true;
        foreach (AtomicFile file in _files)
            file.Commit();
        FolderFlush.Flush(folder);
    }

    /// <summary>Deletes the files unless they were committed.</summary>
    public void Dispose()
    {
        if (_committed)
            return;
        foreach (AtomicFile file in _files)
            file.Dispose();
    }
}
